// Uploads a LoRA or an embedding that was trained elsewhere, and gives it a name.
import type { StyleForge } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useBaseModels } from '../../data/queries.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { DropArea } from '../../ui/drop-area.tsx';
import { SelectField, TextField } from '../../ui/fields.tsx';

const ACCEPT = '.safetensors,.pt,.bin,.json';
/** Configuration file of a LoRA from peft. */
const PEFT_CONFIG = 'adapter_config.json';

export function UploadAdapter(): ReactElement {
  const [files, setFiles] = useState<File[]>([]);
  const config = files.find(({ name }) => name === PEFT_CONFIG);
  const file = files.find((other) => other !== config);
  return (
    <DropArea
      icon="models"
      label="Drop a LoRA or an embedding from elsewhere here (.safetensors, .pt; with adapter_config.json if it has one)"
      accept={ACCEPT}
      choose="Choose a file"
      onDrop={(dropped) => setFiles([...dropped.files])}
      onChoose={(chosen) => setFiles([...chosen])}
    >
      {file && <UploadDialog file={file} config={config} onClose={() => setFiles([])} />}
    </DropArea>
  );
}

const nameOf = (file: File): string =>
  file.name
    .replace(/\.[^.]*$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);

function useUploadAs(name: string, adapter: Parameters<StyleForge['models']['upload']>[1]) {
  const client = useClient();
  const queries = useQueryClient();
  const [, go] = useLocation();
  return useMutation({
    mutationFn: () => client.models.upload(name, adapter),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['models'] });
      go(`/models/${name}`);
    },
    onError: (error) => notifyError('The adapter could not be uploaded', error),
  });
}

function UploadDialog({ file, config, onClose }: { file: File; config: File | undefined; onClose(): void }): ReactElement {
  const bases = useBaseModels().data ?? [];
  const [name, setName] = useState(nameOf(file));
  const [base, setBase] = useState('');
  const [token, setToken] = useState('');
  const chosen = base || (bases[0]?.name ?? '');
  const save = useUploadAs(name, { file, config, base_model: chosen, ...(token !== '' && { token }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog title={`Upload ${file.name}`} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <TextField
          {...{ id: 'adapter-name', label: 'Name', value: name, onValue: setName, required: true }}
          help="The name for requests. An existing model gets a new version."
        />
        <SelectField
          {...{ id: 'adapter-base', label: 'Made for the base model', value: chosen, onValue: setBase }}
          options={bases.map((model) => [model.name, model.title])}
        />
        <TextField
          {...{ id: 'adapter-token', label: 'Trigger word', value: token, onValue: setToken }}
          help="The word that prompts use for it, if it has one. If this is empty, an embedding gets the name of its file."
        />
        <DialogActions
          label={save.isPending ? 'Uploading' : 'Upload'}
          disabled={name === '' || chosen === '' || save.isPending}
          onClose={onClose}
        />
      </form>
    </Dialog>
  );
}
