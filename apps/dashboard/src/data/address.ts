// State of a screen that is stored in its address, so that a link shows the same.
import { useSearchParams } from 'wouter';

/**
 * The search parameters, and a setter of one of them: empty or null removes it. The address is replaced, so that Back leaves the screen.
 */
export function useAddress(): [params: URLSearchParams, set: (name: string, value: string | null) => void] {
  const [params, setParams] = useSearchParams();
  const set = (name: string, value: string | null): void =>
    setParams(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  return [params, set];
}

/**
 * The object that a parameter of the address shows in front of the screen, such as an image in full size. Opening it is a step of the
 * browser's history, so that Back closes it and stays on the screen.
 */
export function useOpened(name: string): [id: string | null, open: (id: string | null) => void] {
  const [params, setParams] = useSearchParams();
  const current = params.get(name);
  const isOwnStep = (): boolean => (history.state as { opened?: string } | null)?.opened === name;
  const open = (id: string | null): void => {
    if (id === null && isOwnStep()) return history.back();
    setParams(
      (before) => {
        if (id === null) before.delete(name);
        else before.set(name, id);
        return before;
      },
      current === null ? { state: { opened: name } } : { replace: true, state: history.state },
    );
  };
  return [current, open];
}
