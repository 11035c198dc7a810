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
