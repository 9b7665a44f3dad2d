// The page for what is not there.

import { speak } from './page.js';

speak();
