import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { interpret } from '../../../lib/config/interpret.ts';
import { allOptions } from '../../../lib/config/schema.ts';
import { configExample } from '../../../scripts/write-config-example.ts';
import { load } from '../../support/config-text.ts';

const example = readFileSync(new URL('../../../config.example.yml', import.meta.url), 'utf8');

/** With the keys that it has commented out. */
const uncommented = example.replaceAll(/^( *)#(?=[^ #\n])/gmu, '$1');

describe('config.example.yml', () => {
  it('is up to date: run scripts/write-config-example.ts', () => {
    expect(example).to.equal(configExample());
  });

  it('has no problem, and changes nothing', () => {
    const { config, problems } = load(example);
    expect(problems).to.deep.equal([]);
    expect(config).to.deep.equal(load('').config);
  });

  it('has every key of the schema with its default and its line of doc', () => {
    const { config, problems } = load(uncommented);
    expect(problems.filter(({ severity }) => severity === 'error')).to.deep.equal([]);
    expect({ ...config, nats: { ...config.nats, embedded: undefined } }).to.deep.equal({
      ...load('').config,
      nats: { ...load('').config.nats, hosts: config.nats.hosts },
    });
    for (const { name, option } of allOptions()) {
      const key = name.split('.').at(-1);
      expect(uncommented, name).to.match(new RegExp(`^ *(?:# )?${key}:`, 'mu'));
      expect(uncommented, name).to.include(option.doc);
    }
  });

  it('gives each key that has no effect and should have, and no other, one warning once it is uncommented', () => {
    const pending = [...allOptions()]
      .filter(({ option }) => option.status === 'pending' || option.status === 'platform')
      .map(({ name }) => name);
    const { problems } = load(uncommented);
    const told = problems.filter(({ severity }) => severity === 'warning').map(({ key }) => key);
    expect(told).to.deep.equal(pending);
  });
});

describe('the schema', () => {
  it('describes every key in one line', () => {
    for (const { name, option } of allOptions()) expect(option.doc, name).to.match(/^[^\n]+$/u);
  });

  it('has defaults that are allowed', () => {
    expect(interpret(undefined).problems).to.deep.equal([]);
  });
});
