// The manifests: against the schemas of Kubernetes and KEDA, against the service's settings, and their queries on a real database.
import { clientOf } from '@styleforge/database/testing';
import { spawnSync } from 'node:child_process';
import { ACTIVE_JOB_STATUSES, JOB_STATUSES } from '@styleforge/contracts';
import { queueMix } from '@styleforge/queue';
import { isInstalled, startTestDatabase, warnNotTested } from '@styleforge/testing';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { listFiles, type Manifest, readYaml, repository, unknownSettings } from './files.ts';

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

/** Packages with the schemas of custom resources, by API group. */
const LIBRARIES: Record<string, string> = {
  'keda.sh': '@kubernetes-models/keda',
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};

const kubectlMissing = isInstalled('kubectl', 'version', '--client') ? undefined : 'there is no kubectl on the PATH';

let manifests: Manifest[];
/** Manifests of infra/kubernetes/components, which an installation adds as it needs them. */
let optional: Manifest[];
beforeAll(async () => {
  const files = (await listFiles('infra/kubernetes')).filter((file) => file.endsWith('.yaml') && !file.endsWith('kustomization.yaml'));
  const components = (await Promise.all((await listFiles('infra/kubernetes/components')).map(listFiles))).flat();
  optional = (
    await Promise.all(components.filter((file) => !file.endsWith('kustomization.yaml')).map((file) => readYaml<Manifest>(file)))
  ).flat();
  manifests = (await Promise.all(files.map((file) => readYaml<Manifest>(file)))).flat();
});

const readComponent = async (name: string) =>
  (
    await readYaml<{ patches: { target: { name: string }; patch: string }[] }>(`infra/kubernetes/components/${name}/kustomization.yaml`)
  )[0]!;

const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
const podSpecs = () =>
  [...ofKind('Deployment'), ...ofKind('Job'), ...optional.flatMap(jobOf)].map(({ metadata, spec }) => ({
    name: metadata.name,
    pod: (spec['template'] as { spec: PodSpec }).spec,
  }));
/** A job, or the one that a CronJob starts. */
const jobOf = ({ kind, metadata, spec }: Manifest) =>
  kind === 'CronJob'
    ? [{ metadata, spec: (spec['jobTemplate'] as { spec: Manifest['spec'] }).spec }]
    : kind === 'Job'
      ? [{ metadata, spec }]
      : [];
const settingsOfMap = () => (ofKind('ConfigMap')[0]?.data ?? {}) as Record<string, string>;
const settingOf = ({ containers }: PodSpec, name: string) => containers[0]?.env?.find((variable) => variable.name === name)?.value;

it('every manifest matches the schema of its kind', async () => {
  expect(manifests.length).toBeGreaterThan(15);
  expect(optional.map(({ kind }) => kind).sort()).toEqual([
    'CronJob',
    'HTTPRoute',
    'Job',
    'Job',
    'Job',
    'PersistentVolumeClaim',
    'PodMonitor',
    'PodMonitor',
    'Role',
    'RoleBinding',
    'ServiceAccount',
  ]);
  for (const manifest of [...manifests, ...optional]) {
    const library = LIBRARIES[manifest.apiVersion.split('/')[0] ?? ''] ?? 'kubernetes-models';
    const { [manifest.kind]: Model } = (await import(`${library}/${manifest.apiVersion}/${manifest.kind}`)) as Record<
      string,
      new (
        data: Manifest,
      ) => { validate(): void }
    >;
    expect(() => new (Model as NonNullable<typeof Model>)(manifest).validate(), `${manifest.kind} ${manifest.metadata.name}`).not.toThrow();
  }
});

describe('every pod', () => {
  it('meets the restricted standard, with a read-only root', () => {
    expect(podSpecs().length).toBeGreaterThan(5);
    for (const { name, pod } of podSpecs()) {
      expect(pod.securityContext, name).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const { securityContext } of pod.containers) {
        expect(securityContext, name).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  it('gets only settings that the service knows, and secrets by reference', async () => {
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
  const computing = () => workers().filter(({ name }) => !name.endsWith('webhook'));

  it('serve every queue', () => {
    const served = workers()
      .flatMap(({ pod }) => settingOf(pod, 'WORKER_QUEUES')?.split(',') ?? [])
      .map((entry) => entry.split(':')[0]);
    expect(served.sort()).toEqual(Object.keys(queueMix()).sort());
  });

  it('run on GPU nodes and have time to save a checkpoint', () => {
    for (const { pod } of workers()) {
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(settingOf(pod, 'WORKER_GRACE_SECONDS')) + 15);
    }
    expect(computing().map(({ name }) => name)).toEqual([
      'styleforge-worker-train',
      'styleforge-worker-generate',
      'styleforge-worker-evaluate',
    ]);
    for (const { pod } of computing()) {
      expect(pod.containers[0]?.resources.limits).toMatchObject({ 'nvidia.com/gpu': '1' });
      expect(pod.nodeSelector).toBeDefined();
      expect(pod.tolerations).toContainEqual({ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' });
    }
  });

  it('are scaled up from zero by queries that count waiting and running work', async () => {
    const test = await startTestDatabase();
    try {
      const { projectId } = await test.database.apiKeys.createProject('test');
      const prisma = clientOf(test.database);
      // Without the triggers, which let every row begin as queued.
      await prisma.$transaction([
        prisma.$executeRaw`set local session_replication_role = replica`,
        prisma.trainingJob.createMany({
          data: JOB_STATUSES.map((status) => ({
            id: `job_${status}`,
            projectId,
            status,
            method: 'dreambooth',
            baseModel: 'tiny',
            config: {},
          })),
        }),
        prisma.generation.createMany({
          data: ['queued', 'running', 'succeeded'].map((status) => ({
            id: `gen_${status}`,
            projectId,
            status,
            baseModel: 'tiny',
            config: {},
          })),
        }),
        prisma.evaluation.createMany({
          data: ['queued', 'running', 'succeeded'].map((status) => ({ id: `eval_${status}`, projectId, status, config: {} })),
        }),
        // The job's own worker makes it.
        prisma.evaluation.create({ data: { id: 'eval_stage', projectId, status: 'running', config: {}, trainingJobId: 'job_evaluating' } }),
      ]);
      const counts: Record<string, number> = {};
      const client = new pg.Client({ connectionString: test.databaseUrl });
      await client.connect();
      for (const { metadata, spec } of ofKind('ScaledObject')) {
        expect(spec).toMatchObject({ minReplicaCount: 0, scaleTargetRef: { name: metadata.name } });
        const [{ metadata: trigger } = { metadata: { query: '' } }] = spec['triggers'] as { metadata: { query: string } }[];
        counts[metadata.name] = Number((await client.query<{ count: string }>(trigger.query)).rows[0]?.count);
      }
      await client.end();
      expect(counts).toEqual({
        'styleforge-worker-train': ['queued', ...ACTIVE_JOB_STATUSES].length,
        'styleforge-worker-generate': 2,
        'styleforge-worker-evaluate': 2,
      });
    } finally {
      await test.close();
    }
  });
});

it('the API is scaled by CPU, and the database is migrated by a separate job', () => {
  const [scaler] = ofKind('HorizontalPodAutoscaler');
  expect(scaler?.spec).toMatchObject({
    scaleTargetRef: { kind: 'Deployment', name: 'styleforge-api' },
    metrics: [{ type: 'Resource', resource: { name: 'cpu' } }],
  });
  const [migrations] = podSpecs().filter(({ name }) => name === 'styleforge-migrations');
  expect(migrations?.pod.containers).toMatchObject([
    { image: 'styleforge-api', args: expect.arrayContaining(['apps/api/src/migrate.ts']) as string[] },
  ]);
  expect(settingsOfMap()['MIGRATE_ON_START']).toBe('false');
});

describe('network policies', () => {
  interface Policy {
    podSelector: { matchLabels?: Record<string, string>; matchExpressions?: { key: string; values: string[] }[] };
    policyTypes: string[];
    ingress?: { from: object[]; ports: { port: number }[] }[];
  }
  const policies = () => ofKind('NetworkPolicy').map(({ spec }) => spec as unknown as Policy);
  const componentOf = ({ spec }: Manifest) =>
    (spec['template'] as { metadata: { labels: Record<string, string> } }).metadata.labels['app.kubernetes.io/component'] ?? '';
  const selected = ({ podSelector }: Policy) =>
    [
      podSelector.matchLabels?.['app.kubernetes.io/component'] ?? [],
      podSelector.matchExpressions?.flatMap(({ values }) => values) ?? [],
    ].flat();

  it('close every pod in both directions, except for the connections that are listed', () => {
    expect(policies()[0]).toMatchObject({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    expect(policies()[0]).not.toHaveProperty('ingress');
  });

  it('open the ports on which the pods listen, only to named namespaces', () => {
    const ports = new Map(
      ofKind('Deployment').map((deployment) => [
        componentOf(deployment),
        (deployment.spec['template'] as { spec: { containers: { ports: { containerPort: number }[] }[] } }).spec.containers[0]?.ports[0]
          ?.containerPort,
      ]),
    );
    const opened = policies()
      .filter(({ ingress }) => ingress)
      .flatMap((policy) => selected(policy).map((component) => [component, policy] as const));
    expect(opened.map(([component]) => component).sort()).toEqual([...ports.keys()].sort());
    for (const [component, { ingress = [] }] of opened) {
      for (const { from, ports: open } of ingress) {
        expect(
          open.map(({ port }) => port),
          component,
        ).toEqual([ports.get(component)]);
        for (const source of from) expect(source, component).toHaveProperty('namespaceSelector.matchLabels');
      }
    }
  });
});

it.skipIf(warnNotTested('what kustomize makes of the manifests', kubectlMissing))(
  'kustomize puts everything into one namespace, with a registry and a version for the images',
  async () => {
    const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', 'infra/kubernetes'], { cwd: repository, encoding: 'utf8' });
    expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
    const built = parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
    expect(built.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual(
      manifests
        .filter(({ kind }) => kind !== 'Secret')
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
        .sort(),
    );
    for (const { kind, metadata } of built)
      if (kind !== 'Namespace') expect(metadata, metadata.name).toMatchObject({ namespace: 'styleforge' });
    for (const [, image] of stdout.matchAll(/^ +(?:- )?image: (.*)$/gm))
      expect(image).toMatch(/^registry\.example\.com\/styleforge-[a-z-]+:\d+\.\d+\.\d+$/);
  },
);

it('base models can come from the object store, and the component finds the volume of each deployment', async () => {
  const { patches } = await readComponent('models-in-store');
  const [test] = parse(patches[0]?.patch ?? '') as { path: string; value: string }[];
  const target = new RegExp(`^(?:${patches[0]?.target.name})$`);
  const patched = ofKind('Deployment').filter(({ metadata }) => target.test(metadata.name));
  expect(patched.map(({ metadata }) => metadata.name)).toEqual(ofKind('Deployment').map(({ metadata }) => metadata.name));
  for (const { metadata, spec } of patched) {
    const { volumes } = (spec['template'] as { spec: { volumes: { name: string }[] } }).spec;
    expect(volumes[Number(/\/(\d+)\/name$/.exec(test?.path ?? '')?.[1])]?.name, metadata.name).toBe(test?.value);
  }
});

it('a disruption stops one worker at a time, and leaves one API', () => {
  const budgets = Object.fromEntries(ofKind('PodDisruptionBudget').map(({ metadata, spec }) => [metadata.name, spec]));
  expect(Object.keys(budgets).sort()).toEqual(
    ofKind('Deployment')
      .map(({ metadata }) => metadata.name)
      .sort(),
  );
});
