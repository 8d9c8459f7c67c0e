/** What is protected, and where it is protected to. */
export type Site = 'primary' | 'dr';
