// 中 / EN: the other language is one press away on every page.
import { setLanguage, useWords } from '../words';

export function LanguageSwitch() {
  const { language, t } = useWords();
  return (
    <button type="button" className="bt sm lang" lang={language === 'zh' ? 'en' : 'zh-CN'} aria-label={t('language.switch')}
      onClick={() => setLanguage(language === 'zh' ? 'en' : 'zh')}>
      <b className={language === 'zh' ? '' : 'x'}>中</b> / <b className={language === 'en' ? '' : 'x'}>EN</b>
    </button>
  );
}
