export { type Cover, coverOf, type FilterQos, joinedCoverOf } from "./cover.ts";
export { filterProblem, matchesFilter } from "./filter.ts";
export { createTopicMatcher, type TopicEntry } from "./matcher.ts";
export { filterHolds, filtersOverlap } from "./relation.ts";
