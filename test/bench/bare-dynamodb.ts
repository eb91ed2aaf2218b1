/** What B4 measures against: a Lambda function that makes one DynamoDB call with the AWS SDK and does nothing else. */
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

const client = new DynamoDBClient({});

export async function handler(event: { table: string }): Promise<{ statusCode: number }> {
  await client.send(
    new GetItemCommand({ TableName: event.table, Key: { pk: { S: 'nobody' }, sk: { S: 'nothing' } }, ConsistentRead: true }),
  );
  return { statusCode: 200 };
}
