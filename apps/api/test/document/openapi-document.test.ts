// The OpenAPI document generates good clients: a public linter has nothing to say, and what no linter checks is checked here.
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '@styleforge/contracts';
import { openApiDocument } from '../../src/tools/openapi-document.ts';

type Schema = { description?: string; properties?: Record<string, Schema & { default?: unknown }> };
type Operation = {
  operationId: string;
  tags: string[];
  summary: string;
  parameters?: { name: string; in: string; description?: string; schema?: object }[];
  requestBody?: { required?: boolean; content: object };
  responses: Record<string, { description: string }>;
};
type Document = {
  info: { version: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

/** A verb first, then what it works on: `createTrainingJob`. */
const VERB = new RegExp(
  '^(add|cancel|check|create|delete|download|drain|end|estimate|extract|get|import|list|pause|preview|redeliver|resume|revoke|rotate|sample|save|set|' +
    'share|test|undrain|unshare|update|upload|vote)[A-Z]|^getMe$',
);

let document: Document;
let operations: [name: string, operation: Operation][];

beforeAll(async () => {
  document = (await openApiDocument()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation]),
  );
});

/** Names of the operations for which `isWrong` holds. */
const those = (isWrong: (operation: Operation) => boolean) =>
  operations.filter(([, operation]) => isWrong(operation)).map(([name]) => name);

describe('the OpenAPI document', () => {
  it('passes the recommended rules of Redocly without a warning', async () => {
    const config = await createConfig({ extends: ['recommended'] });
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`)).toEqual([]);
  });

  it('has unique operation ids, each a verb and an object', () => {
    expect(those(({ operationId }) => !VERB.test(operationId))).toEqual([]);
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('gives every parameter a name that programs can use', () => {
    expect(those(({ parameters = [] }) => parameters.some(({ name }) => !/^[A-Za-z][\w-]*$/.test(name)))).toEqual([]);
  });

  it('contains each schema once, under one name', () => {
    expect(Object.keys(document.components.schemas).filter((name) => name.endsWith('Input'))).toEqual([]);
  });

  it('describes every response, and every tag in use', () => {
    expect(
      those(({ responses }) => Object.values(responses).some(({ description }) => /^(Default Response|The result)?$/.test(description))),
    ).toEqual([]);
    const tags = document.tags.filter(({ description }) => description !== '').map(({ name }) => name);
    expect(those((operation) => !operation.tags.every((tag) => tags.includes(tag)))).toEqual([]);
  });

  it('describes every hyperparameter and states its default', () => {
    const settings = Object.entries(document.components.schemas.HyperparametersRequest?.properties ?? {});
    expect(settings.length).toBeGreaterThan(25);
    expect(settings.filter(([, { description = '' }]) => description === '').map(([name]) => name)).toEqual([]);
    expect(settings.filter(([, setting]) => !('default' in setting)).map(([name]) => name)).toEqual([]);
  });

  it('limits every integer of a request to what the database can store', () => {
    const unbounded: string[] = [];
    const look = (part: unknown, place: string): void => {
      if (typeof part !== 'object' || part === null) return;
      const { $ref, type, maximum } = part as { $ref?: string; type?: string; maximum?: number };
      if ($ref !== undefined) return look(schemas[$ref.split('/').at(-1) ?? ''], place);
      // Numbers of events are of 64 bits, and seeds of 32 without a sign.
      if (type === 'integer' && maximum === undefined && !/ (after|last-event-id)$/.test(place)) unbounded.push(place);
      for (const [name, inner] of Object.entries(part)) look(inner, place + (name === 'properties' ? '' : ` ${name}`));
    };
    const { schemas } = document.components;
    for (const [name, { parameters = [], requestBody }] of operations) {
      for (const parameter of parameters) look(parameter.schema, `${name} ${parameter.name}`);
      look(requestBody?.content, name);
    }
    expect(unbounded).toEqual([]);
  });

  it('says which bodies may be omitted', () => {
    const optional = those(({ requestBody }) => requestBody?.required === false);
    expect(optional).toContain('POST /v1/training-jobs/{id}/resume');
    expect(optional).not.toContain('POST /v1/training-jobs');
  });

  it('describes every field and every parameter', () => {
    const silent: string[] = [];
    const look = (part: unknown, place: string): void => {
      if (typeof part !== 'object' || part === null) return;
      for (const [key, inner] of Object.entries(part)) {
        if (key === 'properties')
          for (const [name, field] of Object.entries(inner as Record<string, { description?: string }>))
            if ((field.description ?? 'ISO 8601, UTC') === 'ISO 8601, UTC') silent.push(`${place} ${name}`);
        if (!/^(examples?|if)$/.test(key)) look(inner, key === 'properties' ? place : `${place} ${key}`);
      }
    };
    look(document.components.schemas, 'schemas');
    for (const [name, { parameters = [], requestBody, responses }] of operations) {
      silent.push(...parameters.filter(({ description }) => !description).map((parameter) => `${name} ${parameter.name}`));
      look([requestBody, responses], name);
    }
    expect(silent).toEqual([]);
  });

  it('mentions defaults of the base model in requests only, where a default still applies', () => {
    const { CreateGenerationRequest, GenerationConfig } = document.components.schemas;
    expect(CreateGenerationRequest?.properties?.['sampler']?.description).toContain('Default: ');
    expect(GenerationConfig?.properties?.['sampler']?.description).not.toContain('Default: ');
  });

  it('has the version of the packages', () => expect(document.info.version).toBe(VERSION));
});
