// A database with one project and one dataset in it.
import { startTestDatabase, type TestDatabase } from '@styleforge/testing';

export interface ProjectFixture {
  readonly fixture: TestDatabase;
  readonly projectId: string;
  readonly datasetId: string;
}

export async function startProjectFixture(): Promise<ProjectFixture> {
  const fixture = await startTestDatabase();
  const { projectId } = await fixture.database.apiKeys.createProject('test');
  const { id: datasetId } = await fixture.database.datasets.create(projectId, { name: 'emoji', kind: 'style_ref' });
  return { fixture, projectId, datasetId };
}
