// `styleforge presets`: lists starting points for a training. Also formats the estimated cost of a training.
import { PRESET_NAMES, TRAINING_METHODS, type TrainingMethod } from '@styleforge/contracts';
import type { TrainingEstimate } from '@styleforge/sdk';
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatBytes, formatDuration } from '../../terminal/output.ts';
import { addVerb } from '../../verb.ts';

interface PresetOptions {
  baseModel?: string;
  method: TrainingMethod;
}

export function addPresetsCommand(program: Command): void {
  addVerb(program, {
    usage: 'presets',
    description: 'List the presets for a training job, with the settings that each changes',
    examples: [
      'styleforge presets --base-model styleforge-mini',
      `styleforge train --preset ${PRESET_NAMES[0]} --base-model styleforge-mini ...`,
    ],
    options: (command) =>
      void command
        .option('--base-model <name>', 'base model whose defaults the presets change')
        .addOption(new Option('--method <method>').choices(TRAINING_METHODS).default('single-styleforge')),
    async run({ client, output }, { baseModel, method }: PresetOptions) {
      const data = await client().trainingJobs.presets({ method, ...(baseModel !== undefined && { base_model: baseModel }) });
      output.result({ data }, () => {
        for (const { name, description, request } of data) {
          output.line(`${name}: ${description}`);
          for (const [setting, value] of Object.entries(request.hyperparameters)) output.line(output.style('dim', `  ${setting} ${value}`));
        }
      });
    },
  });
}

export function describeEstimate({
  seconds,
  peak_memory_bytes: memory,
  device_memory_bytes: cardMemory,
  recomputes_activations: recomputes,
  checkpoints_bytes: disk,
  devices,
  basis,
}: TrainingEstimate): string {
  if (seconds === null) return `time and memory: ${basis}`;
  const parts = [
    `about ${formatDuration(seconds)} on ${devices[0]?.device}`,
    ...(memory === null ? [] : [`up to ${formatBytes(memory)} of memory`]),
    ...(cardMemory === null ? [] : [`up to ${formatBytes(cardMemory)} of the card's${recomputes ? ', with activations recomputed' : ''}`]),
    ...(disk === null ? [] : [`${formatBytes(disk)} of checkpoints`]),
  ];
  return `${parts.join(', ')}; ${basis}`;
}
