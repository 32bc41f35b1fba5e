// Cells of a Table by the names of their columns. Pure.
import type { Table } from '../api';

export type Cells = Table['total'];

export interface RowReader {
  text(cells: Cells, column: string): string; // '' where there is nothing
  value(cells: Cells, column: string): number | null;
}

export function rowReader(table: Pick<Table, 'columns'>): RowReader {
  const places = new Map(table.columns.map((column, index) => [column, index]));
  const cell = (cells: Cells, column: string) => cells[places.get(column) ?? -1] ?? null;
  return {
    text: (cells, column) => String(cell(cells, column) ?? ''),
    value: (cells, column) => {
      const found = cell(cells, column);
      return typeof found === 'number' ? found : null;
    },
  };
}
