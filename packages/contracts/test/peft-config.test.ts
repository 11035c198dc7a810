// Settings of peft that decide whether a LoRA can be applied to its base model.
import { peftFault } from '@styleforge/contracts';
import { expect, it } from 'vitest';

it.each(['pissa', 'pissa_niter_16', 'olora', 'corda', 'loftq'])('a LoRA that began as %s is refused with the remedy', (start) => {
  expect(peftFault({ lora_alpha: 4, init_lora_weights: start })).toMatch(
    new RegExp(`^init_lora_weights is ${start}, which also changed .*path_initial_model_for_weight_conversion`),
  );
});

it.each([true, false, 'gaussian', 'orthogonal', 'eva', undefined, null])('a LoRA that began as %s can be applied', (start) => {
  expect(peftFault({ lora_alpha: 4, init_lora_weights: start })).toBeNull();
});
