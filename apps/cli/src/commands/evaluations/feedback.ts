// `styleforge jobs feedback`: shows the candidates of a StyleDrop job, and keeps or drops them.
import type { Feedback, FeedbackItem } from '@styleforge/sdk';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { addVerb, collect } from '../../verb.ts';

interface FeedbackOptions {
  keep?: string[];
  drop?: string[];
  undecided?: string[];
}

export function addFeedbackCommand(jobs: Command): void {
  addVerb(jobs, {
    usage: 'feedback <job>',
    description: 'Show the candidates of a StyleDrop job; keep or drop some for its second round',
    examples: ['styleforge jobs feedback job_...', 'styleforge jobs feedback job_... --keep img_... --keep img_... --drop img_...'],
    options: (command) =>
      void command
        .option('--keep <image>', 'train the second round on this candidate; may be repeated', collect)
        .option('--drop <image>', 'do not train on this candidate; may be repeated', collect)
        .option('--undecided <image>', 'remove the feedback of this candidate; may be repeated', collect),
    run: giveFeedback,
  });
}

async function giveFeedback({ client, output }: Context, { keep = [], drop = [], undecided = [] }: FeedbackOptions, id: string) {
  const items: FeedbackItem[] = [
    ...keep.map((image_id) => ({ image_id, verdict: 'keep' as const })),
    ...drop.map((image_id) => ({ image_id, verdict: 'drop' as const })),
    ...undecided.map((image_id) => ({ image_id, verdict: null })),
  ];
  const { trainingJobs } = client();
  const feedback = items.length > 0 ? await trainingJobs.setFeedback(id, items) : await trainingJobs.feedback(id);
  output.result(feedback, () => show(feedback));

  function show({ candidates, counts, of, status }: Feedback): void {
    const rows = candidates.map(({ image_id, clip_score, verdict, subject }) => [image_id, clip_score?.toFixed(1), verdict, subject]);
    if (status === null)
      return output.note('This job has no candidates. They are generated when a styledrop job with styledrop.candidates succeeds.');
    output.table(['IMAGE', 'CLIP', 'VERDICT', 'SUBJECT'], rows, `None of the ${of} candidates has been generated yet.`);
    output.note(
      `${candidates.length} of ${of} candidates, ${status}: ${counts.keep} kept, ${counts.drop} dropped, ${counts.undecided} undecided`,
    );
  }
}
