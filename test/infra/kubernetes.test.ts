// The manifests: against the schemas of Kubernetes and KEDA, against the service's settings, and their queries on a real database.
import { startTestDatabase } from '@styleforge/testing';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { listFiles, type Manifest, readYaml, unknownSettings } from './files.ts';

interface Container {
  name: string;
  env?: { name: string; value: string }[];
  envFrom: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  securityContext: object;
  resources: { limits: Record<string, string> };
}
interface PodSpec {
  containers: Container[];
  securityContext: object;
  terminationGracePeriodSeconds?: number;
  nodeSelector?: object;
  tolerations?: object[];
}

let manifests: Manifest[];
beforeAll(async () => {
  const files = (await listFiles('infra/kubernetes')).filter((file) => file.endsWith('.yaml') && !file.endsWith('kustomization.yaml'));
  manifests = (await Promise.all(files.map((file) => readYaml<Manifest>(file)))).flat();
});

const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
const podSpecs = () => [...ofKind('Deployment'), ...ofKind('Job')].map(({ metadata, spec }) => ({ name: metadata.name, pod: (spec['template'] as { spec: PodSpec }).spec }));
const settingOf = ({ containers }: PodSpec, name: string) => containers[0]?.env?.find((variable) => variable.name === name)?.value;

it('every manifest fits the schema of its kind', async () => {
  expect(manifests.length).toBeGreaterThan(15);
  for (const manifest of manifests) {
    const library = manifest.apiVersion.startsWith('keda.sh') ? '@kubernetes-models/keda' : 'kubernetes-models';
    const { [manifest.kind]: Model } = (await import(`${library}/${manifest.apiVersion}/${manifest.kind}`)) as Record<string, new (data: Manifest) => { validate(): void }>;
    expect(() => new (Model as NonNullable<typeof Model>)(manifest).validate(), `${manifest.kind} ${manifest.metadata.name}`).not.toThrow();
  }
});

describe('every pod', () => {
  it('fits the restricted standard, with a read-only root', () => {
    for (const { name, pod } of podSpecs()) {
      expect(pod.securityContext, name).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const { securityContext } of pod.containers) {
        expect(securityContext, name).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
      }
    }
  });

  it('gets settings that the service knows, and secrets by reference', async () => {
    const maps = [...ofKind('ConfigMap').map(({ data }) => data), ...ofKind('Secret').map(({ stringData }) => stringData)];
    expect(unknownSettings(maps.flatMap((map) => Object.keys(map ?? {})))).toEqual([]);
    const resources = (await readYaml<{ resources: string[] }>('infra/kubernetes/kustomization.yaml'))[0]?.resources;
    expect(resources).not.toContain('secret.example.yaml');
    for (const { name, pod } of podSpecs()) {
      for (const { env = [], envFrom } of pod.containers) {
        expect(unknownSettings(env.map((variable) => variable.name)), name).toEqual([]);
        expect(envFrom, name).toContainEqual({ secretRef: { name: 'styleforge' } });
      }
    }
  });
});

describe('workers', () => {
  const workers = () => podSpecs().filter(({ name }) => name.startsWith('styleforge-worker'));

  it('stand on GPU nodes and are given time for a checkpoint', () => {
    expect(workers().map(({ pod }) => settingOf(pod, 'WORKER_QUEUES'))).toEqual(['train:1', 'generate:2']);
    for (const { pod } of workers()) {
      expect(pod.containers[0]?.resources.limits).toMatchObject({ 'nvidia.com/gpu': '1' });
      expect(pod.nodeSelector).toBeDefined();
      expect(pod.tolerations).toContainEqual({ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' });
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(settingOf(pod, 'WORKER_GRACE_SECONDS')) + 15);
    }
  });

  it('are scaled from none by queries that count what is waiting and what is under way', async () => {
    const test = await startTestDatabase();
    try {
      const { projectId } = await test.database.apiKeys.createProject('test');
      const statuses = ['queued', 'running', 'pausing', 'evaluating', 'paused', 'succeeded', 'failed', 'cancelled'];
      await test.database.prisma.trainingJob.createMany({
        data: statuses.map((status) => ({ id: `job_${status}`, projectId, status, method: 'dreambooth', baseModel: 'tiny', config: {} })),
      });
      await test.database.prisma.generation.createMany({
        data: ['queued', 'running', 'succeeded'].map((status) => ({ id: `gen_${status}`, projectId, status, baseModel: 'tiny', config: {} })),
      });
      const counts: Record<string, number> = {};
      const client = new pg.Client({ connectionString: test.databaseUrl });
      await client.connect();
      for (const { metadata, spec } of ofKind('ScaledObject')) {
        expect(spec).toMatchObject({ minReplicaCount: 0, scaleTargetRef: { name: metadata.name } });
        const [{ metadata: trigger } = { metadata: { query: '' } }] = spec['triggers'] as { metadata: { query: string } }[];
        counts[metadata.name] = Number((await client.query<{ count: string }>(trigger.query)).rows[0]?.count);
      }
      await client.end();
      expect(counts).toEqual({ 'styleforge-worker-train': 4, 'styleforge-worker-generate': 2 });
    } finally {
      await test.close();
    }
  });
});

it('a disruption takes one worker at a time, and leaves an API', () => {
  const budgets = Object.fromEntries(ofKind('PodDisruptionBudget').map(({ metadata, spec }) => [metadata.name, spec]));
  expect(Object.keys(budgets).sort()).toEqual(ofKind('Deployment').map(({ metadata }) => metadata.name).sort());
});
