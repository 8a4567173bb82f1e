// graphql-codegen's client preset over the example operations; every scalar must have a type.
export default {
  schema: '../schema.graphql',
  documents: '../../web/examples/*.graphql',
  generates: {
    'build/codegen/': {
      preset: 'client',
      config: {
        strictScalars: true,
        scalars: { Date: 'string', DateTime: 'string', UUID: 'string', JSON: 'unknown' },
        useTypeImports: true,
      },
    },
  },
};
