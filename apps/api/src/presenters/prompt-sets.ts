// Prompt sets as response bodies.
import type { PromptSetBody, PromptSetSummaryBody } from '@styleforge/contracts';
import type { FoundPromptSet, ListedPromptSet } from '../services/prompt-set-service.ts';

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
}: ListedPromptSet): PromptSetSummaryBody {
  return { id, name, version, description, prompt_count: promptCount, sha256, shipped, created_at: createdAt?.toISOString() ?? null };
}
