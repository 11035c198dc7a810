// How well the tokens of a Multi-StyleForge model produce their components, alone and together.
import { z } from 'zod';

const estimate = z.object({
  value: z.number(),
  standard_error: z.number().nullable().describe('Standard deviation over the prompts; null for a single prompt'),
});

export const tokenDisentanglement = z
  .object({
    extractor: z.string().describe('The CLIP extractor that judges the images'),
    dimension: z.int(),
    weights_sha256: z.string(),
    prompts: z.int(),
    images_per_prompt: z.int(),
    components: z.array(
      z.object({
        name: z.string(),
        token: z.string(),
        references: z.int().describe('Number of StyleRef images that represent the component'),
        recognised: z
          .number()
          .describe(
            'Share of these images that the extractor assigns to their own component. Far below 1, the extractor cannot ' +
              'distinguish the components',
          ),
        selectivity: estimate.describe(
          'What the token alone adds to its own component, less what it adds to the others on average; 0 for a token that means nothing',
        ),
      }),
    ),
    conditions: z
      .array(
        z.object({
          components: z.array(z.string()).describe('Components whose tokens are in the prompt'),
          prefix: z.string().describe('Text in front of each prompt'),
          pulls: z.array(
            z.object({
              component: z.string(),
              similarity: z
                .number()
                .describe('100 times the cosine between the images and the mean of the StyleRef images of the component'),
              gain: estimate.describe('What the tokens add to the similarity of the same prompts and seeds without any token'),
              nearest: z.number().describe('Share of the images that are nearer to this component than to any other'),
            }),
          ),
        }),
      )
      .describe('The images without tokens first, then with each token alone, then with all tokens'),
  })
  .meta({ id: 'TokenDisentanglement' });
export type TokenDisentanglementBody = z.infer<typeof tokenDisentanglement>;
