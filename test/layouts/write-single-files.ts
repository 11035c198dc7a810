// Writes folders of models as single files. Usage: FOLDER FILE [FOLDER FILE ...]
import { writeSingleFile } from '@styleforge/weights';

const paths = process.argv.slice(2);
for (let i = 0; i < paths.length; i += 2) await writeSingleFile(paths[i + 1]!, paths[i]!, { dtype: 'F32' });
