import type { MemoryPorts } from '../world/ports.ts';

/** Watches the restarts of restored instances; answers those that came while DR was in force. */
export function restartsInService(ports: MemoryPorts): () => string[] {
  const served: string[] = [];
  const { restarts } = ports.instances;
  restarts.push = (...names) => {
    const direction = ports.vault.documents.get('direction.json')?.body.toString();
    if (direction !== undefined && JSON.parse(direction).direction !== 'primary→dr') served.push(...names);
    return Array.prototype.push.apply(restarts, names);
  };
  return () => served;
}
