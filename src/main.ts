import { serve } from './serve.ts';
import { tellFailure } from './tell-failure.ts';

serve().catch((error: unknown) => {
  tellFailure(error);
  process.exitCode = 1;
});
