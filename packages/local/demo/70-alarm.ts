/** Something around Gatehouse goes wrong: an alarm goes off over a full period, people are told once, and told when it is over. */
import { type Chapter, expectJson, postJson, type Story } from './story.ts';

const alarm = 'gatehouse-local-operations-homes-slow-1';
const credits = { namespace: 'AWS/EFS', metric: 'BurstCreditBalance', fileSystem: 'fs-0123456789abcdef0', ill: 1e11, well: 2.3e12 };
/** The alarm looks at five minutes in a row. */
const minutes = 5;

export const chapter: Chapter = {
  title: 'An alarm is raised, told, and over',
  async tell(story) {
    await story.step(`the homes' file system runs out of burst credits for ${minutes} minutes`, async () => {
      await lasting(story, credits.ill);
      return { result: undefined, said: await told(story, (text) => !text.includes('is over')) };
    });
    await story.step('it has credits again', async () => {
      await lasting(story, credits.well);
      return { result: undefined, said: await told(story, (text) => text.includes('is over')) };
    });
  },
};

/** One value a minute, as EFS reports it. */
async function lasting(story: Story, value: number): Promise<void> {
  const MetricData = [
    { MetricName: credits.metric, Unit: 'Bytes', Value: value, Dimensions: [{ Name: 'FileSystemId', Value: credits.fileSystem }] },
  ];
  for (let minute = 0; minute < minutes; minute++) {
    await expectJson(202, await postJson(`${story.aws}/_faults/metrics`, { Namespace: credits.namespace, MetricData }));
    await story.advance(60);
  }
}

/** What Slack was told of the alarm, once. */
async function told(story: Story, which: (text: string) => boolean): Promise<string> {
  const found = await story.until(
    'the message in Slack',
    async () => {
      const { messages } = await expectJson<{ messages: string[] }>(200, await fetch(`${story.outside}/slack/_messages`));
      const about = messages.filter((text) => text.includes(alarm) && which(text));
      return about.length > 0 ? about : undefined;
    },
    { stepSeconds: 30 },
  );
  const [message = '', ...more] = found;
  if (more.length > 0) throw new Error(`Slack was told ${found.length} times: ${found.join(' | ')}`);
  return `Slack: ${message.split('\n')[0]}`;
}
