// The form that begins a run.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { PlanOffer } from '../api';
import { Field, TextField } from '../components/field';
import { Notice } from '../components/notice';
import { PlannedCurve } from '../components/planned_curve';
import { StageEditor } from '../components/stage_editor';
import { harmless } from '../format/text';
import { addressOf, navigate } from '../router';
import { useSite, wordsOf } from '../source/source';
import { EXAMPLE_PLAN } from './example_plan';
import { AdvancedFields } from './start_advanced';
import { OngoingRun } from './start_ongoing';
import {
  fieldsOf,
  previewOf,
  requestOf,
  type StartErrors,
  type StartFields,
} from './start_request';

const OWN_TEXT = ' own text'; // the choice that no plan can be named like

export function StartPage() {
  const { source, server } = useSite();
  const [choice, setChoice] = useState(server.plans[0]?.name ?? OWN_TEXT);
  const [outdated, setOutdated] = useState(false);
  const offer =
    server.plans.find((plan) => plan.name === choice) ??
    (choice === OWN_TEXT ? undefined : server.plans[0]);
  useEffect(() => {
    document.title = 'New run · Squall';
    source.server().catch(() => {}); // the program may have been started again with other plans
  }, [source]);
  if (!server.can.start) return <Notice kind="info" title="Runs cannot be started here" />;
  return (
    <section class="start">
      <h1>New run</h1>
      {server.can.one_at_a_time && <OngoingRun />}
      {server.plans.length + (server.can.start_text ? 1 : 0) > 1 && (
        <Field label="Plan">
          {(field) => (
            <select
              {...field}
              value={offer?.name ?? OWN_TEXT}
              onChange={(event) => setChoice(event.currentTarget.value)}
            >
              {server.plans.map((plan) => (
                <option key={plan.name} value={plan.name}>
                  {harmless(plan.name)}
                </option>
              ))}
              {server.can.start_text && (
                <option value={OWN_TEXT}>A plan of your own (YAML) …</option>
              )}
            </select>
          )}
        </Field>
      )}
      {outdated && (
        <Notice kind="info" title="The plan has changed" live>
          The run was not started: this is the plan as it is now.
        </Notice>
      )}
      {/* Another offer of the same name is another form: what was typed was meant for the old. */}
      <StartForm key={JSON.stringify(offer ?? null)} offer={offer} onOutdated={setOutdated} />
    </section>
  );
}

export interface FormPart {
  fields: StartFields;
  errors: StartErrors;
  set: (part: Partial<StartFields>) => void;
}

interface StartFormProps {
  offer: PlanOffer | undefined;
  onOutdated: (outdated: boolean) => void;
}

function StartForm({ offer, onOutdated }: StartFormProps) {
  const { source } = useSite();
  const [fields, setFields] = useState(() => fieldsOf(offer));
  const [tried, setTried] = useState(false);
  const [refused, setRefused] = useState('');
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { request, errors } = useMemo(() => requestOf(fields, offer), [fields, offer]);
  const wrong = Object.keys(errors).length > 0;
  const part: FormPart = {
    fields,
    errors: tried ? errors : {},
    set: (change) => setFields((now) => ({ ...now, ...change })),
  };
  const start = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (wrong || busy) {
      setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    setBusy(true);
    onOutdated(false);
    // What is left out of the request is as it was offered, so that must hold still.
    const send = async () => {
      const { plans } = await source.server();
      if (offer && !plans.some((plan) => JSON.stringify(plan) === JSON.stringify(offer))) {
        setBusy(false);
        onOutdated(true);
        return;
      }
      const { id } = await source.start(request);
      navigate(addressOf(['runs', id]));
    };
    send().catch((error) => {
      setBusy(false);
      setRefused(wordsOf(error));
    });
  };
  return (
    <form ref={form} onSubmit={start} noValidate>
      {!offer && <PlanText {...part} />}
      <LoadFields {...part} offer={offer} />
      <Preview fields={fields} offer={offer} />
      <AdvancedFields {...part} offer={offer} />
      {refused && (
        <Notice kind="error" title="The run was not started" live>
          <span class="lines">{harmless(refused, true)}</span>
        </Notice>
      )}
      <p class="submit">
        <button type="submit" class="primary" disabled={busy}>
          {busy ? 'Starting …' : 'Start'}
        </button>
      </p>
    </form>
  );
}

function LoadFields({ fields, errors, set, offer }: FormPart & { offer: PlanOffer | undefined }) {
  const open = offer?.open_model ?? false;
  return (
    <div class="fields">
      {!open && !fields.stages && offer?.kind !== 'locustfile' && (
        <Field label="Load">
          {(field) => (
            <select
              {...field}
              value={fields.arrivals ? 'arrivals' : 'users'}
              onChange={(event) => set({ arrivals: event.currentTarget.value === 'arrivals' })}
            >
              <option value="users">Users, each waiting for answers</option>
              <option value="arrivals">Arrivals, whatever the answers</option>
            </select>
          )}
        </Field>
      )}
      {!fields.stages &&
        (fields.arrivals ? (
          <ArrivalField fields={fields} errors={errors} set={set} />
        ) : (
          <UserFields fields={fields} errors={errors} set={set} offer={offer} />
        ))}
      <TextField
        label="Host"
        type="url"
        value={fields.host}
        error={errors.host}
        placeholder="the plan’s own"
        hint="Base address of what is tested"
        onInput={(host) => set({ host })}
      />
      <TextField
        label="Run time"
        value={fields.run_time}
        error={errors.run_time}
        placeholder={
          fields.stages
            ? 'as long as the stages'
            : offer?.has_shape || open
              ? 'the plan’s own'
              : 'until it is stopped'
        }
        hint="Such as 30s, 1m30s, 2h"
        onInput={(run_time) => set({ run_time })}
      />
      {!fields.arrivals && <DrawnStages fields={fields} errors={errors} set={set} offer={offer} />}
    </div>
  );
}

function UserFields({ fields, errors, set, offer }: FormPart & { offer: PlanOffer | undefined }) {
  const own = offer?.has_shape || !offer ? 'the plan’s own' : '';
  return (
    <>
      <TextField
        label="Users"
        type="number"
        step="1"
        value={fields.users}
        error={errors.users}
        placeholder={own}
        hint="How many at the peak"
        onInput={(users) => set({ users })}
      />
      <TextField
        label="Spawn rate"
        type="number"
        value={fields.spawn_rate}
        error={errors.spawn_rate}
        placeholder={own}
        hint="Users that start in a second"
        onInput={(spawn_rate) => set({ spawn_rate })}
      />
    </>
  );
}

function ArrivalField({ fields, errors, set }: FormPart) {
  return (
    <TextField
      label="Arrival rate"
      type="number"
      value={fields.arrival_rate}
      error={errors.arrival_rate}
      hint="Task runs that begin in a second, at the peak"
      onInput={(arrival_rate) => set({ arrival_rate })}
    />
  );
}

// Stages in the place of users and spawn rate.
function DrawnStages({ fields, set, offer }: FormPart & { offer: PlanOffer | undefined }) {
  const own = fieldsOf(offer).run_time;
  const draw = () => {
    const users = Number(fields.users) || 10;
    const rate = Number(fields.spawn_rate) || users / 10;
    // They have their own end; a run time would only cut them.
    set({
      stages: offer?.stages ?? [{ duration_seconds: 60, users, spawn_rate: rate }],
      run_time: '',
    });
  };
  return (
    <div class="wide">
      <label class="check">
        <input
          type="checkbox"
          checked={fields.stages !== null}
          onChange={(event) =>
            event.currentTarget.checked ? draw() : set({ stages: null, run_time: own })
          }
        />
        Draw the load in stages
      </label>
      {fields.stages && (
        <StageEditor stages={fields.stages} onChange={(stages) => set({ stages })} />
      )}
    </div>
  );
}

function Preview({ fields, offer }: { fields: StartFields; offer: PlanOffer | undefined }) {
  const points = useMemo(() => previewOf(fields, offer), [fields, offer]);
  if (fields.stages) return null; // the editor shows it
  return (
    <>
      {offer?.load && fields.arrivals === offer.open_model && (
        <p class="muted">{harmless(offer.load)}</p>
      )}
      <PlannedCurve points={points} openModel={fields.arrivals} />
    </>
  );
}

function PlanText({ fields, errors, set }: FormPart) {
  const read = (input: HTMLInputElement) => {
    void input.files?.[0]?.text().then((text) => set({ text }));
  };
  return (
    <div class="plan-text">
      <Field label="Plan (YAML)" error={errors.text}>
        {(field) => (
          <textarea
            {...field}
            rows={14}
            spellcheck={false}
            value={fields.text}
            onInput={(event) => set({ text: event.currentTarget.value })}
          />
        )}
      </Field>
      {!fields.text.trim() && (
        <p>
          <button type="button" onClick={() => set({ text: EXAMPLE_PLAN })}>
            Begin with an example
          </button>
        </p>
      )}
      <Field label="or a file">
        {(field) => (
          <input
            {...field}
            type="file"
            accept=".yaml,.yml,.json"
            onChange={(event) => read(event.currentTarget)}
          />
        )}
      </Field>
    </div>
  );
}
