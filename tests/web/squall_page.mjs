// The page as a person finds it: by roles and accessible names alone. What the page's words are is
// said here once.
import { numberIn } from './browser.mjs';
import { waitFor } from './programs.mjs';

export class SquallPage {
  constructor(page) {
    this.page = page;
  }

  static async open(page, url) {
    await page.goto(url);
    return new SquallPage(page);
  }

  field(name) {
    return this.page.getByLabel(name).first();
  }

  button(name) {
    return this.page.getByRole('button', { name }).first();
  }

  // One of the views of a run: "Statistics", "Charts", "Failures" …
  async show(name) {
    const tab = this.page.getByRole('tab', { name }).or(this.page.getByRole('link', { name }));
    await tab.first().click();
  }

  // From wherever the page has begun: at the only run, or at the list of runs.
  async openRun(id) {
    const link = this.page.getByRole('main').locator(`a[href*="${id}"]`).first();
    const tabs = this.page.getByRole('tab').or(this.page.getByRole('link', { name: /^statistics$/i }));
    await link.or(tabs.first()).first().waitFor();
    if (!(await tabs.count())) await link.click();
  }

  // Fills the start form and starts. Keys are labels, as regular expressions.
  async start(values = {}) {
    for (const [label, value] of Object.entries(values)) {
      await this.field(new RegExp(label, 'i')).fill(String(value));
    }
    await this.button(/^start/i).click();
  }

  async stop() {
    await this.button(/^stop/i).click();
    // Some pages ask whether that is meant.
    const sure = this.page.getByRole('dialog').getByRole('button', { name: /stop/i });
    if (await sure.count()) await sure.first().click();
  }

  // Rows of the first table that has all these columns, as objects by column heading.
  async table(...columns) {
    const rows = await this.page.evaluate((wanted) => {
      for (const table of document.querySelectorAll('table')) {
        const headings = [...table.querySelectorAll('thead tr:last-child th')].map((th) =>
          th.innerText.trim().replace(/[\s▲▼↑↓]+$/u, '').replace(/\s+/g, ' '),
        );
        const has = (name) => headings.some((heading) => heading.toLowerCase() === name.toLowerCase());
        if (!wanted.every(has)) continue;
        return [...table.querySelectorAll('tbody tr, tfoot tr')].map((row) =>
          Object.fromEntries([...row.cells].map((cell, index) => [headings[index] ?? index, cell.innerText.trim()])),
        );
      }
      return null;
    }, columns);
    if (!rows) {
      const found = await this.page.locator('th').allInnerTexts();
      throw new Error(`no table has the columns ${columns.join(', ')}; headings: ${found.join(' | ')}`);
    }
    return rows;
  }

  // Row of the statistics by request name; 'Aggregated' is the sum.
  async statistics(name) {
    const rows = await this.table('Name');
    return rows.find((row) => row.Name === name) ?? rows.find((row) => Object.values(row).includes(name));
  }

  async waitForRequests(name, least = 1) {
    return waitFor(async () => {
      const row = await this.statistics(name);
      return row && numberIn(row[Object.keys(row).find((key) => /requests/i.test(key))]) >= least && row;
    }, `${least} requests of ${name} in the page`);
  }

  text() {
    return this.page.locator('body').innerText();
  }

  async waitForText(pattern) {
    await waitFor(async () => pattern.test(await this.text()), `${pattern} in the page`);
  }
}
