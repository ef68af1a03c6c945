// Speaks to the API: one function a method, one kind of failure with words in both languages.
import type { Problem } from './schema';

/** A request that was refused or did not arrive. `status` is 0 when nothing answered. */
export class Failure extends Error {
  readonly problem: Problem;
  readonly status: number;

  constructor(status: number, problem: Problem) {
    super(problem.code);
    this.status = status;
    this.problem = problem;
  }
}

const UNREACHED: Problem = {
  code: 'unreached',
  zh: '服务没有应答，这一步没有办成',
  en: 'The service did not answer; this step was not done',
  id: '—', field: null, state: null, by: null, at: null,
};

/** Called when the sign-in has run out, so that the page can say so. */
let signedOut: () => void = () => undefined;
export function onSignedOut(call: () => void): void {
  signedOut = call;
}

async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      signal: signal ?? null,
      headers: method === 'GET' ? {} : { 'Content-Type': 'application/json', 'X-Fanzha': '1' },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Failure(0, UNREACHED);
  }
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  const problem = await problemOf(answer);
  if (answer.status === 401 && path !== '/v1/sign-in') signedOut();
  throw new Failure(answer.status, problem);
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    return (await answer.json()) as Problem;
  } catch {
    // A gateway in between answered with something else than our shape.
    return { ...UNREACHED, code: `http_${answer.status}` };
  }
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => ask<T>('GET', path, undefined, signal);
export const post = <T>(path: string, body?: unknown): Promise<T> => ask<T>('POST', path, body ?? {});

/** A failure as a Failure, whatever was thrown. */
export function failureOf(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure(0, { ...UNREACHED, code: 'console', en: String(error) });
}
