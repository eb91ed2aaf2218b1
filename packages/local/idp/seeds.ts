/** Who works at the company when the stack starts fresh. Data only. */

export interface Seed {
  email: string;
  name: string;
  groups: readonly string[];
}

export const seeds: readonly Seed[] = [
  { email: 'alice@example.com', name: 'Alice Archer', groups: ['engineering'] },
  { email: 'bob@example.com', name: 'Bob Baker', groups: ['contractors'] },
  { email: 'carol@example.com', name: 'Carol Chandler', groups: ['platform-admins'] },
  { email: 'dave@example.com', name: 'Dave Dyer', groups: ['engineering'] },
  { email: 'erin@example.com', name: 'Erin Ewart', groups: ['engineering', 'platform-admins'] },
  { email: 'frank@example.com', name: 'Frank Fletcher', groups: ['contractors'] },
  { email: 'grace@example.com', name: 'Grace Glover', groups: [] },
  { email: 'helen@example.com', name: 'Helen Hooper', groups: ['people-team'] },
  { email: 'ivan@example.com', name: 'Ivan Iremonger', groups: ['engineering'] },
];

/** Who changes things in the directory, in order; the first who is not the one changed. Naming the actor as the victim is a consumer's mistake that shows. */
export const administrators: readonly string[] = ['helen@example.com', 'carol@example.com'];
