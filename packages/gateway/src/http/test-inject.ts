import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import inject, { type DispatchFunc, type InjectOptions, type Response } from 'light-my-request';
import type { App } from './app.ts';

/** An app that tests call without a socket. */
export interface InjectedApp extends App {
  inject(options: InjectOptions | string): Promise<Response>;
}

export interface InjectionWatch {
  onRequest?(request: IncomingMessage, response: ServerResponse): void;
  /** Not told of answers that are read as a stream. */
  onAnswer?(method: string, url: string, answer: Response): void;
}

export function withInject(app: App, watch: InjectionWatch = {}): InjectedApp {
  const dispatch: RequestListener = (request, response) => {
    watch.onRequest?.(request, response);
    app.answer(request, response);
  };
  return {
    ...app,
    async inject(options) {
      const asked = typeof options === 'string' ? { url: options } : options;
      const answer = await inject(dispatch as DispatchFunc, asked);
      const { method = 'GET', url, payloadAsStream } = asked;
      if (payloadAsStream !== true) watch.onAnswer?.(method, String(url), answer);
      return answer;
    },
  };
}
