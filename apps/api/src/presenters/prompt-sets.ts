// Prompt sets as response bodies.
import type { PromptSetBody, PromptSetSummaryBody } from '@styleforge/contracts';
import type { FoundPromptSet } from '../services/prompt-set-service.ts';

export function presentPromptSet(set: FoundPromptSet): PromptSetBody {
  return { ...presentPromptSetSummary(set), prompts: set.prompts };
}

export function presentPromptSetSummary({ id, name, version, description, prompts, sha256, shipped, createdAt }: FoundPromptSet): PromptSetSummaryBody {
  return { id, name, version, description, prompt_count: prompts.length, sha256, shipped, created_at: createdAt?.toISOString() ?? null };
}
