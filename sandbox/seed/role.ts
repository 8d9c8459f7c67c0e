import pg from 'pg';

type Server = { host: string; port: number; user: string; password: string };

/**
 * Builder's own role and database, made by the master user as on RDS: the role owns the database, and the master user
 * may act for it only where it says so.
 */
export async function createBuilderRole(master: Server, role: string, password: string): Promise<Server> {
  const client = new pg.Client({ ...master, database: 'postgres' });
  await client.connect();
  try {
    const name = client.escapeIdentifier(role);
    await client.query(`CREATE ROLE ${name} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    await client.query(`GRANT ${name} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE`);
    await client.query(`CREATE DATABASE builder OWNER ${name}`);
  } finally {
    await client.end();
  }
  return { ...master, user: role, password };
}
