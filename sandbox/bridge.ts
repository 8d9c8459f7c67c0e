/** Root of the emulated account: never checked by its IAM, so used by the sandbox itself only. */
export const rootCredentials = { accessKeyId: 'test', secretAccessKey: 'test' };

export type AuthorizeRequest = {
  accessKeyId: string;
  region: string;
  action: string;
  resources: string[];
  context: Record<string, string>;
};
export type AuthorizeAnswer = { allowed: boolean; principal: string; resource?: string; reason?: string };

/** The launcher's local routes: what only the emulator knows. */
export class Bridge {
  readonly endpoint: string;
  readonly #principals = new Map<string, Promise<string>>();

  constructor(endpoint: string) {
    this.endpoint = endpoint;
  }

  async #post(route: string, body: unknown): Promise<unknown> {
    const response = await fetch(`${this.endpoint}/_bridge/${route}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`bridge ${route} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  async authorize(request: AuthorizeRequest): Promise<AuthorizeAnswer> {
    return (await this.#post('authorize', request)) as AuthorizeAnswer;
  }

  /** The ARN behind an access key; empty when unknown. */
  principal(accessKeyId: string): Promise<string> {
    const known = this.#principals.get(accessKeyId);
    if (known) return known;
    const asked = this.#post('principal', { accessKeyId }).then((answer) => {
      const arn = (answer as { principal: string }).principal;
      if (arn === '') this.#principals.delete(accessKeyId);
      return arn;
    });
    this.#principals.set(accessKeyId, asked);
    return asked;
  }

  async putEvents(region: string, entries: unknown[]): Promise<void> {
    await this.#post('events', { region, entries });
  }

  async setDark(regions: string[]): Promise<void> {
    await this.#post('dark', { regions });
  }

  /** One night of S3's lifecycle in a bucket, at this instant; answers what went. */
  async playLifecycle(region: string, bucket: string, at: string): Promise<unknown> {
    return this.#post('lifecycle', { region, bucket, at });
  }

  /** Of the writes after a change of a bucket's policy: which are still judged by the policy of before. */
  async setSpread(before: boolean[]): Promise<void> {
    await this.#post('spread', { before });
  }

  async ready(): Promise<boolean> {
    return this.#post('ready', {}).then(
      () => true,
      () => false,
    );
  }
}
