/**
 * RULA's three tables and its action levels. Scores are 1-based, arrays 0-based.
 * Source: McAtamney L, Corlett EN. RULA: a survey method for the investigation of work-related upper limb disorders.
 * Applied Ergonomics 24(2), 1993, 91-99. Compared cell by cell with other transcriptions; see the README beside.
 */

/** Posture score A by [upper arm][lower arm][wrist][wrist twist]. */
export const RULA_TABLE_A: readonly (readonly (readonly (readonly number[])[])[])[] = [
  [
    [
      [1, 2],
      [2, 2],
      [2, 3],
      [3, 3],
    ],
    [
      [2, 2],
      [2, 2],
      [3, 3],
      [3, 3],
    ],
    [
      [2, 3],
      [3, 3],
      [3, 3],
      [4, 4],
    ],
  ],
  [
    [
      [2, 3],
      [3, 3],
      [3, 4],
      [4, 4],
    ],
    [
      [3, 3],
      [3, 3],
      [3, 4],
      [4, 4],
    ],
    [
      [3, 4],
      [4, 4],
      [4, 4],
      [5, 5],
    ],
  ],
  [
    [
      [3, 3],
      [4, 4],
      [4, 4],
      [5, 5],
    ],
    [
      [3, 4],
      [4, 4],
      [4, 4],
      [5, 5],
    ],
    [
      [4, 4],
      [4, 4],
      [4, 5],
      [5, 5],
    ],
  ],
  [
    [
      [4, 4],
      [4, 4],
      [4, 5],
      [5, 5],
    ],
    [
      [4, 4],
      [4, 4],
      [4, 5],
      [5, 5],
    ],
    [
      [4, 4],
      [4, 5],
      [5, 5],
      [6, 6],
    ],
  ],
  [
    [
      [5, 5],
      [5, 5],
      [5, 6],
      [6, 7],
    ],
    [
      [5, 6],
      [6, 6],
      [6, 7],
      [7, 7],
    ],
    [
      [6, 6],
      [6, 7],
      [7, 7],
      [7, 8],
    ],
  ],
  [
    [
      [7, 7],
      [7, 7],
      [7, 8],
      [8, 9],
    ],
    [
      [8, 8],
      [8, 8],
      [8, 9],
      [9, 9],
    ],
    [
      [9, 9],
      [9, 9],
      [9, 9],
      [9, 9],
    ],
  ],
];

/** Posture score B by [neck][trunk][legs]. */
export const RULA_TABLE_B: readonly (readonly (readonly number[])[])[] = [
  [
    [1, 3],
    [2, 3],
    [3, 4],
    [5, 5],
    [6, 6],
    [7, 7],
  ],
  [
    [2, 3],
    [2, 3],
    [4, 5],
    [5, 5],
    [6, 7],
    [7, 7],
  ],
  [
    [3, 3],
    [3, 4],
    [4, 5],
    [5, 6],
    [6, 7],
    [7, 7],
  ],
  [
    [5, 5],
    [5, 6],
    [6, 7],
    [7, 7],
    [7, 7],
    [8, 8],
  ],
  [
    [7, 7],
    [7, 7],
    [7, 8],
    [8, 8],
    [8, 8],
    [8, 8],
  ],
  [
    [8, 8],
    [8, 8],
    [8, 8],
    [8, 9],
    [9, 9],
    [9, 9],
  ],
];

/** Grand score by [score C, at most 8][score D, at most 7]. */
export const RULA_TABLE_C: readonly (readonly number[])[] = [
  [1, 2, 3, 3, 4, 5, 5],
  [2, 2, 3, 4, 4, 5, 5],
  [3, 3, 3, 4, 4, 5, 6],
  [3, 3, 3, 4, 5, 6, 6],
  [4, 4, 4, 5, 6, 7, 7],
  [4, 4, 5, 6, 6, 7, 7],
  [5, 5, 6, 6, 7, 7, 7],
  [5, 5, 6, 7, 7, 7, 7],
];

/** Action level n holds grand scores up to the n-th of these. */
export const RULA_LEVEL_LIMITS = [2, 4, 6, 7] as const;
