// A button for what cannot be undone: it asks first.
import { useState } from 'preact/hooks';

import { cut, harmless } from '../format/text';

interface Props {
  label: string;
  about: string; // what it is about, for screen readers
  question: string;
  onConfirm: () => void;
}

export function ConfirmButton({ label, about, question, onConfirm }: Props) {
  const [open, setOpen] = useState(false);
  const show = (element: HTMLDialogElement | null) => {
    if (element && !element.open) element.showModal();
  };
  const answer = (yes: boolean) => {
    setOpen(false);
    if (yes) onConfirm();
  };
  return (
    <>
      <button type="button" class="quiet" onClick={() => setOpen(true)}>
        {label}
        <span class="unseen"> {harmless(cut(about, 100))}</span>
      </button>
      {open && (
        <dialog ref={show} aria-label={label} onClose={() => setOpen(false)}>
          <p>
            <bdi>{harmless(cut(question, 300))}</bdi>
          </p>
          <p class="tools">
            <button type="button" class="primary" onClick={() => answer(true)}>
              {label}
            </button>
            <button type="button" onClick={() => answer(false)}>
              Cancel
            </button>
          </p>
        </dialog>
      )}
    </>
  );
}
