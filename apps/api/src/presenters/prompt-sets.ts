// Prompt sets as response bodies.
import type { PromptSetBody, PromptSetSummaryBody } from '@styleforge/contracts';
import { presentNotes } from './annotations.ts';
import type { FoundPromptSet, ListedPromptSet } from '../services/prompts/prompt-set-service.ts';

export function presentPromptSet(set: FoundPromptSet): PromptSetBody {
  return { ...presentPromptSetSummary(set), prompts: set.prompts };
}

export function presentPromptSetSummary({
  id,
  name,
  version,
  description,
  promptCount,
  sha256,
  shipped,
  createdAt,
  ...notes
}: ListedPromptSet): PromptSetSummaryBody {
  return {
    id,
    name,
    version,
    description,
    ...presentNotes(notes),
    prompt_count: promptCount,
    sha256,
    shipped,
    created_at: createdAt?.toISOString() ?? null,
  };
}
