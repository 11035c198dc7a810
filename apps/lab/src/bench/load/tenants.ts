// Projects of the load: one for the observed caller, the others for the simulated callers.
import type { Database } from '@styleforge/database';
import { trainingConfig } from '@styleforge/testing';

export interface Tenant {
  projectId: string;
  key: string;
  datasetId: string;
  /** Its jobs, oldest first. */
  jobs: string[];
}

const AT_A_TIME = 8;

export async function makeTenants(database: Database, count: number): Promise<Tenant[]> {
  const tenants: Tenant[] = [];
  for (let made = 0; made < count; made += 1) {
    const { projectId } = await database.apiKeys.createProject(`project ${made}`);
    const { key } = await database.apiKeys.create(projectId, 'load');
    const { id: datasetId } = await database.datasets.create(projectId, { name: 'style', kind: 'style_ref' });
    const tenant = { projectId, key, datasetId, jobs: [] };
    tenants.push(tenant);
    await queueJobs(database, [tenant], 1);
  }
  return tenants;
}

/** Creates jobs with the same rows as the API: jobs, events, outbox. */
export async function queueJobs(database: Database, tenants: Tenant[], count: number): Promise<void> {
  let made = 0;
  const queue = async (): Promise<void> => {
    while (made < count) {
      const tenant = tenants[made++ % tenants.length];
      if (tenant === undefined) return;
      const job = await database.trainingJobs.create({ projectId: tenant.projectId, config: trainingConfig(tenant.datasetId) });
      if (job !== null) tenant.jobs.push(job.id);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, queue));
}
