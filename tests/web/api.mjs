// What tests ask of the API beside the page: runs, their state and reports.
import { askJson, waitFor } from './programs.mjs';

const OVER = ['finished', 'failed'];

// A plan with one user class, one task and the given steps (YAML in flow style).
export function planOf(target, load, ...steps) {
  return `name: web
service: {base_url: "${target.url}"}
load_profile: ${load}
users:
  - name: Visitor
    tasks:
      - name: visit
        steps:
${steps.map((step) => `          - ${step}`).join('\n')}
`;
}

export class Api {
  constructor(url, headers = {}) {
    this.url = url;
    this.headers = headers;
  }

  get(path) {
    return askJson(`${this.url}/api/v1/${path}`, { headers: this.headers });
  }

  post(path, json) {
    return askJson(`${this.url}/api/v1/${path}`, { headers: this.headers, json });
  }

  patch(path, json) {
    return askJson(`${this.url}/api/v1/${path}`, { headers: this.headers, json, method: 'PATCH' });
  }

  async runs() {
    return (await this.get('runs')).runs;
  }

  run(id) {
    return this.get(`runs/${id}`);
  }

  // Starts a run and waits until requests come in.
  async begin(request) {
    const { id } = await this.post('runs', request);
    await waitFor(async () => (await this.run(id)).requests > 0, 'the first request');
    return id;
  }

  report(id) {
    return this.get(`runs/${id}/report?format=json`);
  }

  async waitUntilOver(id) {
    return waitFor(async () => {
      const run = await this.run(id);
      return OVER.includes(run.state) && run;
    }, `the end of ${id}`);
  }
}
