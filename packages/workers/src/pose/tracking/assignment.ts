/**
 * Who belongs to whom at the least cost: the pairs of rows and columns that add up to the least, where a row or column
 * that stays alone costs `limit` together with its missing partner. A pair at the limit or above is never made.
 * @param costs rows of equal length; not NaN.
 * @returns pairs of row and column, by row.
 */
export function assign(
  costs: readonly (readonly number[])[],
  limit: number,
): readonly (readonly [row: number, column: number])[] {
  const columns = costs[0]?.length ?? 0;
  if (costs.length === 0 || columns === 0) return [];
  // Leaving a pair out costs as much as pairing at the limit, so costs are cut there and everybody is paired.
  const cut = costs.map((row) => row.map((cost) => Math.min(cost, limit)));
  const isTall = cut.length > columns;
  const pairs = pairAll(isTall ? transpose(cut) : cut).map(([a, b]): [row: number, column: number] =>
    isTall ? [b, a] : [a, b],
  );
  return pairs.filter(([row, column]) => (costs[row]?.[column] ?? limit) < limit).sort(([a], [b]) => a - b);
}

function transpose(rows: readonly (readonly number[])[]): number[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] as number));
}

/** The Hungarian method with potentials, for no more rows than columns: each row gets a column. */
function pairAll(costs: readonly (readonly number[])[]): [row: number, column: number][] {
  const width = costs[0]?.length ?? 0;
  // Column 0 is nobody's; rows and columns count from 1.
  const potentials = { row: zeros(costs.length + 1), column: zeros(width + 1) };
  const rowOf = zeros(width + 1);
  for (let row = 1; row <= costs.length; row++) {
    rowOf[0] = row;
    const { last, cameFrom } = findPath(costs, potentials, rowOf);
    for (let column = last; column !== 0; column = cameFrom[column] as number)
      rowOf[column] = rowOf[cameFrom[column] as number] as number;
  }
  return rowOf.flatMap((row, column) => (row > 0 && column > 0 ? [[row - 1, column - 1]] : []));
}

interface Potentials {
  readonly row: number[];
  readonly column: number[];
}

/** The shortest way from the row that has none to a column that is free, over columns that others would give up. */
function findPath(
  costs: readonly (readonly number[])[],
  potentials: Potentials,
  rowOf: readonly number[],
): { last: number; cameFrom: number[] } {
  const width = rowOf.length - 1;
  const least = new Array<number>(width + 1).fill(Number.POSITIVE_INFINITY);
  const cameFrom = zeros(width + 1);
  const isDone = new Array<boolean>(width + 1).fill(false);
  let column = 0;
  while (rowOf[column] !== 0) {
    isDone[column] = true;
    const row = rowOf[column] as number;
    let step = Number.POSITIVE_INFINITY;
    let next = 0;
    for (let other = 1; other <= width; other++) {
      if (isDone[other]) continue;
      const cost = costs[row - 1]?.[other - 1] as number;
      const rest = cost - (potentials.row[row] as number) - (potentials.column[other] as number);
      if (rest < (least[other] as number)) {
        least[other] = rest;
        cameFrom[other] = column;
      }
      if ((least[other] as number) < step) {
        step = least[other] as number;
        next = other;
      }
    }
    for (let other = 0; other <= width; other++) {
      if (isDone[other]) {
        const owner = rowOf[other] as number;
        potentials.row[owner] = (potentials.row[owner] as number) + step;
        potentials.column[other] = (potentials.column[other] as number) - step;
      } else least[other] = (least[other] as number) - step;
    }
    column = next;
  }
  return { last: column, cameFrom };
}

function zeros(length: number): number[] {
  return new Array<number>(length).fill(0);
}
