// Playground: compares up to four models with the same prompts and seeds, and shows earlier generations.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { DragEvent, FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { useAddress } from '../../data/address.ts';
import { type GenerationRequest, useGenerations } from '../../data/generations.ts';
import { type Model, modelOf, useModels } from '../../data/models.ts';
import { errorsOf } from '../../data/problems.ts';
import type { Call } from '../../data/calls.ts';
import { useClient } from '../../data/session.ts';
import { styled } from '../../data/style-prompts.ts';
import { notifyError } from '../../data/toasts.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { PageHead } from '../../ui/parts.tsx';
import { History } from './history.tsx';
import { ModelPicker } from './model-picker.tsx';
import { PlayForm, type PlaySettings, requestOf, START } from './play-form.tsx';
import { ReadButton, readParameters } from './read-image.tsx';
import { Results } from './results.tsx';
import { storedImage } from './starting-image.tsx';

/** One request for each model. All use the same seed, so that only the model differs. */
function requestsOf(settings: PlaySettings, chosen: string[], models: Model[]): GenerationRequest[] {
  const seed = settings.seed ?? Math.floor(Math.random() * 2 ** 32);
  const prompts = settings.prompts.split('\n').filter((line) => line.trim() !== '');
  return chosen.map((id) => {
    const { styles } = modelOf(models, id);
    const worded = prompts.map((prompt) => (settings.hasStyle ? styled(styles, settings.style, prompt) : prompt));
    return { ...requestOf(settings), prompts: worded, seed, model: id } as GenerationRequest;
  });
}

const callOf = (body: GenerationRequest): Call => ({ method: 'POST', path: '/v1/images/generations', body, sdk: 'images.generate' });

function useGenerate(requests: () => GenerationRequest[], onMade: (ids: string[]) => void) {
  const client = useClient();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => Promise.all(requests().map((request) => client.images.generate(request))),
    onSuccess: (made) => {
      onMade(made.map(({ id }) => id));
      void queries.invalidateQueries({ queryKey: ['generations'] });
    },
    onError: (error) => notifyError('Nothing was generated', error),
  });
}

export function Play(): ReactElement {
  const models = useModels();
  const [params, set] = useAddress();
  const named = params.get('model')?.split(',').filter(Boolean) ?? [];
  const chosen = named.length > 0 ? named : models.slice(0, 1).map(({ id }) => id);
  const [settings, setSettings] = useForm(params.get('start'), () => set('start', null));
  const ids = params.get('generations')?.split(',').filter(Boolean) ?? [];
  const results = useGenerations(ids);
  const read = (file: File | undefined) =>
    file &&
    void readParameters(file, (next, model) => {
      if (models.some(({ id }) => id === model)) set('model', model!);
      setSettings(next);
    });
  return (
    <div onDragOver={(event) => event.preventDefault()} onDrop={(event) => read(dropped(event))}>
      <PageHead
        title="Playground"
        about="Try the same prompts and seeds with up to four models. Drop a generated image here to read its parameters."
      >
        <ReadButton onFile={read} />
      </PageHead>
      <div className="play">
        <Request {...{ models, chosen, settings, setSettings, set }} />
        <div className="stack-l">
          <Results
            generations={results.flatMap(({ data }) => (data ? [data] : []))}
            failures={results.flatMap(({ error }) => error ?? [])}
            models={models}
            count={ids.length}
            onBeginFrom={({ id, url, prompt }) => setSettings({ ...settings, image: { source: id, shown: url, name: prompt } })}
          />
          <History
            models={models}
            onReuse={(model, config) => {
              set('model', model);
              setSettings({ ...START, ...config });
            }}
            onShow={(id) => set('generations', id)}
          />
        </div>
      </div>
    </div>
  );
}

function dropped(event: DragEvent): File | undefined {
  event.preventDefault();
  return event.dataTransfer.files[0];
}

/** What the form contained when another screen was opened. */
let kept: PlaySettings = START;

/** `start`: an image that the address names to begin from, until another is chosen. */
function useForm(start: string | null, onOther: () => void): [PlaySettings, (settings: PlaySettings) => void] {
  const [settings, setSettings] = useState(() => (start ? { ...kept, image: storedImage(start) } : kept));
  const change = (next: PlaySettings) => {
    kept = next;
    if (start !== null && next.image?.source !== start) onOther();
    setSettings(next);
  };
  return [settings, change];
}

interface RequestProps {
  models: Model[];
  chosen: string[];
  settings: PlaySettings;
  setSettings(settings: PlaySettings): void;
  set: ReturnType<typeof useAddress>[1];
}

/** Form of the next generation. */
function Request({ models, chosen, settings, setSettings, set }: RequestProps): ReactElement {
  const requests = () => requestsOf(settings, chosen, models);
  const generate = useGenerate(requests, (ids) => set('generations', ids.join(',')));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    generate.mutate();
  };
  return (
    <form className="card stack" onSubmit={submit}>
      <ModelPicker models={models} chosen={chosen} onChoose={(next) => set('model', next.join(','))} />
      <PlayForm
        settings={settings}
        onSettings={(next) => {
          generate.reset();
          setSettings(next);
        }}
        errors={errorsOf(generate.error)}
        models={models}
        styles={[...new Set(chosen.flatMap((id) => modelOf(models, id).styles.map(({ name }) => name)))]}
      />
      <button
        type="submit"
        className="button primary"
        disabled={chosen.length === 0 || settings.prompts.trim() === '' || generate.isPending}
      >
        {generate.isPending ? 'Sending' : 'Generate'}
      </button>
      <CopyAsCode isQuiet choices={[{ label: 'Generate', calls: requests().map(callOf) }]} />
    </form>
  );
}
