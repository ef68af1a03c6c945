// The design tokens as antd's theme. The same values stand as CSS variables in tokens.css.
import type { ThemeConfig } from 'antd';
import type { Language } from '../words';

const FONT_ZH =
  '"PingFang SC","HarmonyOS Sans SC","Source Han Sans SC","Noto Sans CJK SC","Microsoft YaHei",system-ui,sans-serif';
const FONT_EN =
  '"Segoe UI",Inter,"Helvetica Neue",Arial,"Liberation Sans","PingFang SC","Source Han Sans SC","Noto Sans CJK SC",sans-serif';

export function theme(language: Language): ThemeConfig {
  return {
    token: {
      colorPrimary: '#1B5A8C', colorInfo: '#1B5A8C', colorSuccess: '#1C6A46', colorWarning: '#B85C0E',
      colorError: '#A8201A', colorLink: '#1B5A8C', colorTextBase: '#1A2027', colorBgBase: '#FFFFFF',
      fontFamily: language === 'zh' ? FONT_ZH : FONT_EN,
      fontSize: 14, borderRadius: 6, controlHeight: 32, lineWidth: 1,
      // Panels stand or do not: what leaves the screen is gone at once, also where motion is reduced.
      motion: false,
      colorBgLayout: '#F1F3F5', colorFillAlter: '#F7F8FA', colorBorder: '#7F8B97',
      colorBorderSecondary: '#D9DEE4', colorSplit: '#EAEDF1', colorText: '#1A2027',
      colorTextSecondary: '#46515D', colorTextTertiary: '#616C78', colorTextPlaceholder: '#616C78',
      colorTextDisabled: '#616C78', colorPrimaryHover: '#164A74', colorPrimaryBg: '#E8F0F7',
      controlItemBgActive: '#E8F0F7', boxShadow: '0 2px 8px rgba(26,32,39,.12)',
      boxShadowSecondary: '0 4px 16px rgba(26,32,39,.14)',
    },
    components: {
      Select: { optionFontSize: 13, optionHeight: 28, optionPadding: '4px 10px' },
      Modal: { titleFontSize: 16 },
    },
  };
}
