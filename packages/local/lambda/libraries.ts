/** What nearly every function imports of libraries: spare threads import it ahead. It holds no code of ours, which may ask for variables. */
export { DynamoDBClient } from '@aws-sdk/client-dynamodb';
export { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
export { z } from 'zod';
