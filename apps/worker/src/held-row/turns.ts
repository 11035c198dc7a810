// Shares the worker's slots: while other projects wait, no project keeps more than its share, or a slot for long after saving progress.
import type { Database, WorkTopic } from '@styleforge/database';

export interface TurnOptions {
  topic: WorkTopic;
  /** Number of jobs of the queue that this worker runs at the same time. */
  slots: number;
  /** Milliseconds for which a job keeps its slot even if other projects wait. */
  sliceMs: number;
  waiting: Pick<Database['stranded'], 'projectOf' | 'othersWait' | 'giveBack'>;
}

/** Milliseconds between two checks for waiting projects. */
const lookEveryMs = 2_000;
/** Time in which a waiting project must get its turn before a further job leaves its slot. */
const moveEveryMs = 5_000;
/** Jobs passed over within that time. If more work waits than this, the waiting project cannot be reached through the queue. */
const mostPassed = 16;

/** A job's turn on a slot. */
export class Turn {
  readonly projectId: string;
  readonly takenAt = performance.now();
  /** Whether something was saved in this turn, so that leaving the slot loses only later work. */
  hasProgressed = false;
  lookedAt = this.takenAt;

  /** Whether the job has left its slot to others before it was done. */
  hasMovedOver = false;
  readonly #asks: (turn: Turn) => Promise<boolean>;

  constructor(projectId: string, asks: (turn: Turn) => Promise<boolean>) {
    this.projectId = projectId;
    this.#asks = asks;
  }

  /** Whether the job is to stop and wait in the outbox for its project's next turn; may be called often. */
  shouldMoveOver(): Promise<boolean> {
    return this.#asks(this);
  }
}

export class Turns {
  readonly #options: TurnOptions;
  readonly #share: number;
  /** Oldest first. */
  readonly #held = new Set<Turn>();
  #movedAt = -Infinity;
  #passed: number[] = [];

  constructor(options: TurnOptions) {
    this.#options = options;
    this.#share = Math.max(1, Math.ceil(options.slots / 2));
  }

  /** Runs the work if its project may have a turn now; otherwise, or after leaving its slot, the work waits in the outbox. */
  async run<Outcome>(id: string, work: (take: (projectId: string) => Turn) => Promise<Outcome>): Promise<Outcome | 'passed over'> {
    const { topic, waiting } = this.#options;
    if (!(await this.#mayTake(id))) {
      await waiting.giveBack(topic, id);
      return 'passed over';
    }
    let turn: Turn | undefined;
    const take = (projectId: string) => {
      turn = new Turn(projectId, (asking) => this.#shouldMoveOver(asking));
      this.#held.add(turn);
      return turn;
    };
    const outcome = await work(take).finally(() => turn && this.#held.delete(turn));
    if (turn?.hasMovedOver) await waiting.giveBack(topic, id);
    return outcome;
  }

  /** False if the project has its share of the slots and another project waits for its first slot. */
  async #mayTake(id: string): Promise<boolean> {
    const { topic, waiting } = this.#options;
    if (this.#held.size === 0) return true;
    const projectId = await waiting.projectOf(topic, id);
    if (projectId === null || this.#countOf(projectId) < this.#share) return true;
    const now = performance.now();
    this.#passed = this.#passed.filter((passedAt) => now - passedAt < moveEveryMs);
    if (this.#passed.length >= mostPassed || !(await waiting.othersWait(topic, this.#satisfied(projectId)))) return true;
    this.#passed.push(now);
    return false;
  }

  async #shouldMoveOver(turn: Turn): Promise<boolean> {
    const now = performance.now();
    if (now - turn.lookedAt < lookEveryMs) return false;
    turn.lookedAt = now;
    const isOverShare = this.#isOverShare(turn) && now - this.#movedAt >= moveEveryMs;
    const hasHadItsTime = turn.hasProgressed && now - turn.takenAt >= this.#options.sliceMs;
    if (!isOverShare && !hasHadItsTime) return false;
    const served = isOverShare ? this.#satisfied(turn.projectId) : [...this.#held].map(({ projectId }) => projectId);
    if (!(await this.#options.waiting.othersWait(this.#options.topic, served))) return false;
    this.#movedAt = performance.now();
    return true;
  }

  #countOf(projectId: string): number {
    return [...this.#held].filter((turn) => turn.projectId === projectId).length;
  }

  /** The most recent turn of a project that has more than its share. */
  #isOverShare(turn: Turn): boolean {
    const own = [...this.#held].filter(({ projectId }) => projectId === turn.projectId);
    return own.length > this.#share && own.at(-1) === turn;
  }

  /** Projects that have their share of the slots; `projectId` counts as one. */
  #satisfied(projectId: string): string[] {
    const projects = new Set([...this.#held].map((turn) => turn.projectId));
    return [...projects].filter((project) => project === projectId || this.#countOf(project) >= this.#share);
  }
}
