import {
  cutOver,
  database,
  displaced,
  fence,
  hashEngine,
  inspection,
  instances,
  notifier,
  primaryArtifacts,
  queue,
  replica,
  secrets,
  signals,
  vault,
} from './aws.ts';

/** What carries points, drills and failovers on, for the two functions that do. */
export const recoveryMakers = {
  database,
  displaced,
  primaryArtifacts,
  replica,
  vault,
  queue,
  notifier,
  signals,
  instances,
  secrets,
  fence,
  inspection,
  cutOver,
  hashEngine,
};
