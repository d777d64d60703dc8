/**
 * Tabs of this page in one browser remember the same video. The one that sends it says so to the others, so that none of
 * them asks for the file again or deletes what is being sent.
 */
export interface OtherTabs {
  /** This tab sends, and is so far; said again and again while it does. */
  tellSending(sentBytes: number): void;
  /** It does so no longer, for whatever reason. */
  tellOver(): void;
  /** Whether one of them sends. */
  ask(): void;
  close(): void;
}

export interface TabEvents {
  onSending(sentBytes: number): void;
  onOver(): void;
  onAsked(): void;
}

type Message = 'over' | 'ask' | { readonly sentBytes: number };

export function joinTabs(endpoint: string, { onSending, onOver, onAsked }: TabEvents): OtherTabs {
  const channel = new BroadcastChannel(`spillway.video.${endpoint}`);
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === 'ask') onAsked();
    else if (data === 'over') onOver();
    else onSending(data.sentBytes);
  };
  const tell = (message: Message) => channel.postMessage(message);
  return {
    tellSending: (sentBytes) => tell({ sentBytes }),
    tellOver: () => tell('over'),
    ask: () => tell('ask'),
    close: () => channel.close(),
  };
}
