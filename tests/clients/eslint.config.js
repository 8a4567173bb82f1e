// @graphql-eslint over the schema: its recommended rules and Relay's. What is eased is eased here, and says why.
import graphql from '@graphql-eslint/eslint-plugin';

const recommended = graphql.configs['flat/schema-recommended'].rules;
const relay = graphql.configs['flat/schema-relay'].rules;
const [, names] = recommended['@graphql-eslint/naming-convention'];

// Fields named after what they are about, in words that begin like the type they stand in: `queryParse` is about texts
// of queries, as `taskCreate` is about tasks, and `viewerCanUpdate` is about the viewer, not the view.
const spared = new Set(['Query.queryParse', 'Query.queryPrint', 'View.viewerCanUpdate']);
const prefix = graphql.rules['no-typename-prefix'];
const noTypenamePrefix = {
  ...prefix,
  create(context) {
    const report = (found) => {
      if (!spared.has(`${found.data.typeName}.${found.data.fieldName}`)) context.report(found);
    };
    return prefix.create(Object.create(context, { report: { value: report } }));
  },
};

export default [
  {
    files: ['build/schema.graphql'],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: 'build/schema.graphql' } } },
    plugins: {
      '@graphql-eslint': { ...graphql, rules: { ...graphql.rules, 'no-typename-prefix': noTypenamePrefix } },
    },
    rules: {
      ...recommended,
      ...relay,
      // `TaskType` is what a project-management tool calls bug, story and the like: a type of task, not a GraphQL type.
      '@graphql-eslint/naming-convention': ['error', {
        ...names,
        'ObjectTypeDefinition,ObjectTypeExtension': {
          ...names['ObjectTypeDefinition,ObjectTypeExtension'],
          ignorePattern: '^TaskType$',
        },
        'FieldDefinition[parent.name.value=Query]': {
          ...names['FieldDefinition[parent.name.value=Query]'],
          ignorePattern: '^query(Parse|Print)$',
        },
      }],
      // `@oneOf` is of the language itself, printed for tools that do not know it yet.
      '@graphql-eslint/require-description': ['error', {
        ...recommended['@graphql-eslint/require-description'][1],
        ignoredSelectors: ['[type=DirectiveDefinition][name.value=oneOf]'],
      }],
      // Lists that are short by a rule of the product (statuses, labels, clashes), and a page's `nodes`, need no edges.
      // Members are known by their person, and are the only rows of pages that are not Nodes; the rule knows no exceptions.
      '@graphql-eslint/relay-edge-types': ['error', {
        listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false, withEdgeSuffix: true,
      }],
      // Values and answers are no objects with a life of their own: there is nothing to fetch again by an id.
      '@graphql-eslint/strict-id-in-types': ['error', {
        acceptedIdNames: ['id'],
        acceptedIdTypes: ['ID'],
        exceptions: {
          suffixes: ['Connection', 'Edge', 'Payload', 'Change', 'State', 'Result'],
          types: [
            // Why a mutation was refused.
            'CycleRefused', 'KeyReused', 'LimitReached', 'LinkInvalid', 'NotFound', 'PermissionDenied', 'SignInFailed',
            'ValidationFailed', 'VersionConflict', 'FieldClash', 'QueryInvalid', 'TransitionRefused', 'TransitionReason',
            // Values.
            'AvailableTransition', 'BoardLane', 'TransitionAction', 'TransitionCondition',
            'EventFrame', 'InvitedProject', 'PageInfo', 'ParsedQuery', 'Position', 'QueryError', 'QuerySuggestion',
            'RateLimit', 'SearchCorrection', 'SearchHighlight', 'SearchHit', 'SearchRange', 'TaskOrderTerm', 'TaskSection',
            'TextEdit', 'TextHunk', 'TextLine', 'ViewFrame', 'ViewGroup',
            // What was: the same object at another moment has the same id, so a cache must not take one for the other.
            'BoardAsOf', 'BoardColumnAsOf', 'BoardLaneAsOf', 'CommentAsOf', 'ProjectAsOf', 'StatusAsOf', 'TaskAsOf',
            // A setting of the service, known by its name.
            'SignInProvider',
            // What planning reckons from tasks and from the log.
            'BurndownDay', 'CategoryProgress', 'PlannedAmount', 'Progress', 'SprintReport', 'TaskField', 'TaskDependencies', 'TaskDependency', 'SprintScopeEntry',
            // A person's or a team's place in something: known by the two, of which the person or the team has an id.
            'ProjectMember', 'ProjectTeam', 'ServiceAccount', 'TeamMember', 'WorkspaceMember',
            'TaskLink', 'Viewer', 'Inbox',
          ],
        },
      }],
    },
  },
];
