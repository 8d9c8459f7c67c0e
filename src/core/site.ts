/** What is protected, and where it is protected to. */
export type Site = 'primary' | 'dr';

/** Facts about the two sites that nothing has to ask for. */
export type SiteFacts = {
  stage: string;
  /** The configuration that an operator names to work on this stage. */
  configFile: string;
  /** AWS's partition, as ARNs name it. */
  partition: string;
  /** The region's name stands for its site in messages. */
  primaryRegion: string;
  drRegion: string;
};
