// A chaos run: rounds of work on one stack with faults chosen by a seed. The invariants are checked after each round.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from './caller.ts';
import { type Fault, faultsOf } from './faults.ts';
import { violations } from './invariants.ts';
import { checkOtherVersion } from './other-version.ts';
import { type Choices, seededChoices } from './random.ts';
import { type ChaosStack, type StackKind, startChaosStack } from './stack.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';
import { WorkProgress } from './work-progress.ts';
import { doWork, type Outcome, type WorkPlan } from './work.ts';

export interface ChaosOptions {
  stack: StackKind;
  minutes: number;
  seed: number;
  modelsDirectory: string;
  model: string;
  resolution: number;
  steps: number;
  /** Default: 5. */
  checkpoints?: number;
  /** Kills come faster than checkpoints: without a limit no round would end. */
  faultsPerRound: number;
  /** Folder of another version of this project, whose API and worker run in parallel with those of this one. */
  otherVersion?: string;
  /** Default: all faults that apply to the stack. */
  faults?: readonly string[];
  log(line: string): void;
}

export interface ChaosResult {
  rounds: number;
  /** Number of times that each fault was applied. */
  faults: Record<string, number>;
  violations: string[];
  /** Seed with which a run repeats the last round first. */
  seedOfLastRound: number;
}

/** Maximum milliseconds until all work has ended: without faults, and in addition for each fault. */
const patienceMs = 900_000;
const patienceForFaultMs = 60_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  if (options.otherVersion !== undefined) checkOtherVersion(options.otherVersion);
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-chaos-'));
  const receiver = await startWebhookReceiver();
  const stack = await startChaosStack(options.stack, { directory, ...options });
  const result: ChaosResult = { rounds: 0, faults: {}, violations: [], seedOfLastRound: options.seed };
  try {
    const plan = await planOf(stack, options, receiver.url);
    const outcomes = [await doWork(plan, callerOf(stack), 'undisturbed')];
    const reference = outcomes[0]?.hashes ?? {};
    const end = Date.now() + options.minutes * 60_000;
    while ((Date.now() < end || result.rounds === 0) && result.violations.length === 0) {
      const round = (result.rounds += 1);
      result.seedOfLastRound = options.seed + round - 1;
      outcomes.push(await disturbedRound(stack, plan, round, options, result));
      result.violations.push(...(await violations(stack, { reference, outcomes }, receiver)));
      options.log(`round ${round}: ${result.violations.length === 0 ? 'all is well' : result.violations.join('; ')}`);
    }
  } catch (error) {
    result.violations.push(error instanceof Error ? error.message : String(error));
  } finally {
    await stack.stop();
    receiver.stop();
    if (result.violations.length === 0) await rm(directory, { recursive: true });
    else options.log(`what is left of it: ${directory}`);
  }
  return result;
}

const callerOf = (stack: ChaosStack, faults = 0) => new Caller(stack, stack.service.apiKey ?? '', patienceMs + faults * patienceForFaultMs);

async function planOf(
  stack: ChaosStack,
  { model, resolution, steps, checkpoints = 5 }: ChaosOptions,
  webhookUrl: string,
): Promise<WorkPlan> {
  const caller = callerOf(stack);
  const [styleRef, aux] = [await caller.createDataset('style_ref', [0, 40, 80]), await caller.createDataset('aux', [120, 160, 200, 240])];
  return { model, resolution, steps, checkpointEvery: Math.max(1, Math.floor(steps / checkpoints)), styleRef, aux, webhookUrl };
}

/** Each round has its own seed, so that it can be repeated alone. */
async function disturbedRound(
  stack: ChaosStack,
  plan: WorkPlan,
  round: number,
  { seed, log, faultsPerRound, faults }: ChaosOptions,
  result: ChaosResult,
): Promise<Outcome> {
  const working = new AbortController();
  const disturbing = disturb(stack, seededChoices(seed + round), {
    over: working.signal,
    count: faultsPerRound,
    only: faults,
    onStruck(name) {
      result.faults[name] = (result.faults[name] ?? 0) + 1;
      log(`round ${round}: ${name}`);
    },
  });
  try {
    return await doWork(plan, callerOf(stack, faultsPerRound), `round-${round}`);
  } finally {
    working.abort();
    await disturbing;
  }
}

interface Disturbance {
  over: AbortSignal;
  count: number;
  only: readonly string[] | undefined;
  onStruck(name: string): void;
}

/** Repeats no kind of fault before each has been applied once, so that short runs also cover many kinds. */
async function disturb(stack: ChaosStack, choices: Choices, { over, count, only, onStruck }: Disturbance): Promise<void> {
  const all = faultsOf(stack).filter(({ name }) => only?.includes(name) ?? true);
  let left = [...all];
  const progress = new WorkProgress(stack.database);
  for (let struck = 0; struck < count && !over.aborted; struck += 1) {
    await sleep(choices.between(500, 8_000), undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    const mayEnd = await progress.mayEnd();
    const possible = (faults: Fault[]) => faults.filter(({ endsWork = false }) => mayEnd || !endsWork);
    if (possible(left).length === 0) left = [...all];
    if (possible(left).length === 0) continue;
    const fault = choices.of(possible(left));
    left = left.filter((other) => other !== fault);
    if (fault.endsWork) progress.hasEnded();
    if (await fault.strike(stack, choices)) onStruck(fault.name);
  }
}
