// Parts of the page that are loaded late, and what happens when one cannot be.
import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { Guard, later } from '../src/ui/later.tsx';
import { show, update } from './render.tsx';

it('loads a component when it is shown', async () => {
  const Late = later(async () => ({ name }: { name: string }) => <p>hello {name}</p>);
  show(<Late name="house" />);
  await expect.element(page.getByText('hello house')).toBeVisible();
});

it('shows what has failed instead of an empty page, and continues at the next address', async () => {
  const Gone = later(() => Promise.reject(new Error('Failed to fetch dynamically imported module')));
  show(
    <Guard where="/play">
      <Gone />
    </Guard>,
  );
  await expect.element(page.getByRole('alert')).toHaveTextContent('Failed to fetch dynamically imported module');
  await expect.element(page.getByRole('button', { name: 'Load the page again' })).toBeVisible();
  update(
    <Guard where="/jobs">
      <h1>Training</h1>
    </Guard>,
  );
  await expect.element(page.getByRole('heading', { name: 'Training' })).toBeVisible();
});
