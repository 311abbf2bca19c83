// VitePress's own theme, with the fonts that readers have.

import Theme from 'vitepress/theme-without-fonts'
import './site.css'

export default Theme
