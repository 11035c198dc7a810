// Components that are loaded when first shown, and the message when this or anything else in a screen fails.
import { Component, type ComponentType, lazy, type ReactElement, type ReactNode, Suspense } from 'react';
import { Loading } from './parts.tsx';

/** `fallback`: shown meanwhile. */
export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  fallback: ReactNode = <Loading />,
): ComponentType<Props> {
  const Loaded = lazy(async () => ({ default: await load() })) as unknown as ComponentType<Props>;
  return (props: Props): ReactElement => (
    <Suspense fallback={fallback}>
      <Loaded {...props} />
    </Suspense>
  );
}

/** `where`: a changed value shows the children again. */
type GuardProps = { where: string; children: ReactNode };

/** Shows an error instead of an empty page, for example if an update of the service has removed a part of the page. */
export class Guard extends Component<GuardProps, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override componentDidUpdate({ where }: GuardProps): void {
    if (where !== this.props.where && this.state.error !== undefined) this.setState({ error: undefined });
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div className="note bad stack" role="alert">
        <h1>This screen cannot be shown</h1>
        <p>{error instanceof Error ? error.message : String(error)}</p>
        <p>If the service was updated while this page was open, loading the page again helps.</p>
        <p>
          <button type="button" className="button" onClick={() => location.reload()}>
            Load the page again
          </button>
        </p>
      </div>
    );
  }
}
