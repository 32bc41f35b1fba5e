// A stranger's text of any length: its beginning, and all of it in a box of its own when asked for.
import { useRef, useState } from 'preact/hooks';

import { harmless } from '../format/text';
import { Text } from './text';

// More than this would only make the browser slow.
const WHOLE_LENGTH_MAX = 100_000;

export function LongText({
  value,
  title, // for screen readers; may hold a stranger's text, too
  length = 60,
}: {
  value: string;
  title: string;
  length?: number;
}) {
  const [open, setOpen] = useState(false);
  if (value.length <= length && !value.includes('\n'))
    return <Text value={value} length={length} />;
  return (
    <span class="long-text">
      <Text value={value} length={length} />
      <button type="button" class="link" onClick={() => setOpen(true)} aria-haspopup="dialog">
        more<span class="unseen"> of: {harmless(title)}</span>
      </button>
      {open && <WholeText value={value} title={title} onClose={() => setOpen(false)} />}
    </span>
  );
}

function WholeText({
  value,
  title,
  onClose,
}: {
  value: string;
  title: string;
  onClose: () => void;
}) {
  const box = useRef<HTMLDialogElement | null>(null);
  const show = (element: HTMLDialogElement | null) => {
    if (element && !element.open) element.showModal();
    box.current = element;
  };
  return (
    <dialog class="whole-text" ref={show} aria-label={harmless(title)} onClose={onClose}>
      <pre tabIndex={0}>
        <Text value={value} length={WHOLE_LENGTH_MAX} lines />
      </pre>
      <button type="button" onClick={() => box.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
