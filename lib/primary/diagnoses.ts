import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { diagnose } from '../diagnose.ts';
import type { DiagnosisKind, ToWorker } from '../ipc/messages.ts';

/** What a process may take beyond the time it was given: to write, and to come to it. */
const GRACE_MS = 120_000;

/** Has the router's processes look at themselves, and knows where they wrote what they saw. */
export class Diagnoses {
  readonly #tell: (slot: number, message: ToWorker) => boolean;
  readonly #waiting = new Map<number, { readonly slot: number; readonly settle: (error: string) => void }>();
  #last = 0;

  /** `tell`: false when no worker is in that slot. */
  constructor(tell: (slot: number, message: ToWorker) => boolean) {
    this.#tell = tell;
  }

  /**
   * Of the primary, or of the worker in a slot. Resolves with the file, alone in a folder that the caller removes; it
   * may hold secrets, so nobody else can read it. Rejects with what the operator is told.
   */
  async take(process: 'primary' | number, kind: DiagnosisKind, seconds: number): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'turnout-diagnosis-'));
    const file = join(folder, `${process}.${EXTENSIONS[kind]}`);
    try {
      if (process === 'primary') await diagnose(kind, seconds, file);
      else await this.#ask(process, { kind, seconds, file });
      return file;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** A worker is ready. `error`: empty when the file is there. */
  done(id: number, error: string): void {
    this.#waiting.get(id)?.settle(error);
  }

  /** The worker in that slot will not answer any more. */
  gone(slot: number): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.slot === slot) waiting.settle(`worker ${slot} ended`);
    }
  }

  async #ask(
    slot: number,
    { kind, seconds, file }: Omit<Extract<ToWorker, { type: 'diagnose' }>, 'type' | 'id'>,
  ): Promise<void> {
    this.#last += 1;
    const id = this.#last;
    const over = new AbortController();
    try {
      const answer = new Promise<string>((settle) => this.#waiting.set(id, { slot, settle }));
      if (!this.#tell(slot, { type: 'diagnose', id, kind, seconds, file })) {
        throw new Error(`there is no worker ${slot}`);
      }
      const late = pause(seconds * 1000 + GRACE_MS, 'the worker did not answer', {
        signal: over.signal,
        ref: false,
      });
      const error = await Promise.race([answer, late]);
      late.catch(() => {}); // given up below
      if (error !== '') throw new Error(error);
    } finally {
      this.#waiting.delete(id);
      over.abort();
    }
  }
}

const EXTENSIONS: Readonly<Record<DiagnosisKind, string>> = {
  cpu: 'cpuprofile',
  allocations: 'heapprofile',
  snapshot: 'heapsnapshot',
};
