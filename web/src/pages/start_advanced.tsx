// The fields of the start form that few need: which users, tags, ends, a locustfile's own options.
import type { PlanOffer } from '../api';
import { Field, TextField } from '../components/field';
import { Text } from '../components/text';
import { count } from '../format/format';
import { harmless } from '../format/text';
import type { FormPart } from './start';

type Option = PlanOffer['options'][number];

export function AdvancedFields({ offer, ...part }: FormPart & { offer: PlanOffer | undefined }) {
  const { fields, errors, set } = part;
  const hasErrors = Object.keys(errors).some(
    (name) => !['users', 'spawn_rate', 'arrival_rate', 'host', 'run_time', 'text'].includes(name),
  );
  const required = offer?.options.some((option) => option.required) ?? false;
  return (
    <details class="advanced" open={hasErrors || required}>
      <summary>Advanced</summary>
      <div class="fields">
        {offer && offer.user_classes.length > 0 && <UserClasses {...part} offer={offer} />}
        <TextField
          label="Only tasks with tags"
          value={fields.tags}
          hint={tagHint(offer)}
          onInput={(tags) => set({ tags })}
        />
        <TextField
          label="No tasks with tags"
          value={fields.exclude_tags}
          onInput={(exclude_tags) => set({ exclude_tags })}
        />
        <TextField
          label="Iterations"
          type="number"
          step="1"
          value={fields.iterations}
          error={errors.iterations}
          placeholder="no limit"
          hint="The run ends after so many"
          onInput={(iterations) => set({ iterations })}
        />
        <TextField
          label="Time to finish"
          value={fields.stop_timeout}
          error={errors.stop_timeout}
          placeholder="the plan’s own"
          hint="How long a stop waits for tasks under way"
          onInput={(stop_timeout) => set({ stop_timeout })}
        />
        <TextField
          label="Seed"
          value={fields.seed}
          error={errors.seed}
          placeholder="a new one"
          hint="The same seed makes the same choices"
          onInput={(seed) => set({ seed })}
        />
      </div>
      {offer && offer.options.length > 0 && (
        <fieldset>
          <legend>Options of {harmless(offer.name)}</legend>
          <div class="fields">
            {offer.options.map((option) => (
              <ScriptOption key={option.name} option={option} {...part} />
            ))}
          </div>
        </fieldset>
      )}
    </details>
  );
}

function tagHint(offer: PlanOffer | undefined): string {
  return offer?.tags.length
    ? `There are: ${harmless(offer.tags.join(', ').slice(0, 200))}`
    : 'Separated by commas';
}

function UserClasses({ fields, set, offer }: FormPart & { offer: PlanOffer }) {
  const all = offer.user_classes.map(({ name }) => name);
  const chosen = new Set(fields.user_classes.length ? fields.user_classes : all);
  const toggle = (name: string) => {
    if (!chosen.delete(name)) chosen.add(name);
    // None is as good as all: an empty list says "all" to the server, too.
    set({ user_classes: chosen.size === all.length ? [] : all.filter((each) => chosen.has(each)) });
  };
  return (
    <fieldset class="wide">
      <legend>User classes</legend>
      {offer.user_classes.map(({ name, weight, fixed_count }) => (
        <label key={name} class="check">
          <input type="checkbox" checked={chosen.has(name)} onChange={() => toggle(name)} />
          <Text value={name} length={100} />
          <span class="muted">
            {fixed_count === null ? `weight ${weight}` : `always ${count(fixed_count)}`}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function ScriptOption({ option, fields, errors, set }: FormPart & { option: Option }) {
  const value = fields.options[option.name] ?? '';
  const change = (next: string) => set({ options: { ...fields.options, [option.name]: next } });
  const label = `${option.name.replaceAll('_', ' ')}${option.required ? ' (required)' : ''}`;
  const error = errors[`option ${option.name}`];
  const help = option.help && harmless(option.help.slice(0, 300));
  if (option.flag) {
    return (
      <div class="field">
        <label class="check">
          <input
            type="checkbox"
            checked={value === 'true'}
            onChange={(event) => change(String(event.currentTarget.checked))}
          />
          {label}
        </label>
        {help && <span class="hint">{help}</span>}
      </div>
    );
  }
  if (option.many && option.choices.length)
    return <ManyChoices label={label} option={option} value={value} change={change} />;
  if (option.many) {
    return (
      <Field label={label} hint={help || 'One a line'} error={error}>
        {(field) => (
          <textarea
            {...field}
            rows={3}
            value={value}
            onInput={(event) => change(event.currentTarget.value)}
          />
        )}
      </Field>
    );
  }
  if (option.choices.length) {
    return (
      <Field label={label} hint={help} error={error}>
        {(field) => (
          <select {...field} value={value} onChange={(event) => change(event.currentTarget.value)}>
            {!option.choices.includes(value) && <option value={value}>{harmless(value)}</option>}
            {option.choices.map((choice) => (
              <option key={choice} value={choice}>
                {harmless(choice)}
              </option>
            ))}
          </select>
        )}
      </Field>
    );
  }
  return (
    <TextField
      label={label}
      hint={help}
      error={error}
      value={value}
      onInput={change}
      type={option.secret ? 'password' : 'text'}
    />
  );
}

function ManyChoices({
  label,
  option,
  value,
  change,
}: {
  label: string;
  option: Option;
  value: string;
  change: (next: string) => void;
}) {
  const chosen = new Set(value.split('\n').filter(Boolean));
  const toggle = (choice: string) => {
    if (!chosen.delete(choice)) chosen.add(choice);
    change(option.choices.filter((each) => chosen.has(each)).join('\n'));
  };
  return (
    <fieldset>
      <legend>{label}</legend>
      {option.choices.map((choice) => (
        <label key={choice} class="check">
          <input type="checkbox" checked={chosen.has(choice)} onChange={() => toggle(choice)} />
          <Text value={choice} length={60} />
        </label>
      ))}
    </fieldset>
  );
}
