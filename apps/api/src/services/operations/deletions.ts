// Responds to refused deletions, and removes the objects of successful ones.
import type { Deletion, JobDeletion } from '@styleforge/database';
import { ApiError, notFound } from '../../errors/api-error.ts';

const NAMED_USERS = 3;

/** Throws unless it has been deleted. `thing` as in "training job". */
export function refuseUnlessDeleted(outcome: Deletion | JobDeletion, thing: string, id: string): void {
  if (outcome.kind === 'not_found') throw notFound(thing, id);
  if (outcome.kind === 'unfinished')
    throw new ApiError(
      'status_conflict',
      `The ${thing} ${id} is ${outcome.status}. Cancel it or wait until it has finished, then delete it.`,
    );
  if (outcome.kind === 'in_use') {
    const more = outcome.users.length - NAMED_USERS;
    const users = outcome.users.slice(0, NAMED_USERS).join(', ') + (more > 0 ? ` and ${more} more` : '');
    throw new ApiError('in_use', `The ${thing} ${id} is used by ${users}. ${remedyFor(outcome.users)}, then delete it.`);
  }
}

/** Versions of models have the form `name@3`; all else is work that ends. */
function remedyFor(users: readonly string[]): string {
  const versions = users.filter((user) => user.includes('@')).length;
  if (versions === 0) return 'Cancel them, or wait for their end';
  return versions === users.length
    ? 'Delete these versions of models first'
    : 'Delete the versions of models, and cancel the others or wait for their end';
}
